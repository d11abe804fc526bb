using System.Diagnostics.CodeAnalysis;
using FastMlx.Engine.Rings;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>
/// One thread and the model it opened. Loop: drain the queue, sweep, admit, plan and begin a step, end the oldest one,
/// commit. It ends when the loop stops, or when the watchdog has abandoned it inside a call and it comes back.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The thread itself disposes its model; nobody else may.")]
internal sealed partial class EngineThread
{
    private const double SaveAtStopMs = 3000;

    private readonly EngineThreadContext _context;
    private readonly EngineThread? _abandoned;
    private readonly HashSet<LiveGeneration> _live = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HealthReporter _reporter;
    private GuardedModel? _model;
    private StepPipeline? _pipeline;
    private volatile bool _isWarm; // Read by the watchdog; a stale value only makes it more patient.

    public EngineThread(EngineThreadContext context, EngineThread? abandoned)
    {
        _context = context;
        _abandoned = abandoned;
        _reporter = new HealthReporter(context.Health, context.Disk, abandoned?._reporter);
    }

    public StepGate Gate { get; } = new();

    public Task Ended => _ended.Task;

    /// <summary>The weights have been touched: a step takes what a step takes.</summary>
    public bool IsWarm => _isWarm;

    public void Start() => new Thread(Run) { IsBackground = true, Name = "fastmlx-engine" }.Start();

    /// <summary>Engine thread: the generation has ended.</summary>
    public void Forget(LiveGeneration generation) => _live.Remove(generation);

    private void Run()
    {
        try
        {
            _abandoned?.Bury();
            if (Reopen(isFirst: _abandoned is null))
            {
                Serve();
            }
        }
        catch (AbandonedException)
        {
            // The successor owns everything but the model, which only this thread may close.
        }
        catch (Exception e)
        {
            // Ours, and worse than anything recovery is made for: refuse from now on rather than hang.
            LogDead(_context.Log, e);
            _context.Health.Mark(EngineState.Stopped, "The engine has failed: " + e.Message);
            EndWaiting("The engine has failed.");
            EndLive("The engine has failed.");
        }
        finally
        {
            CloseModel();
            _ended.TrySetResult();
        }
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                while (!_context.IsStopping())
                {
                    Turn();
                }

                break;
            }
            catch (Exception e) when (e is not AbandonedException)
            {
                // A failure outside a step: of slots, or ours. Nothing about the slots is certain any more.
                LogBroken(_context.Log, e);
                _pipeline!.Drop(ModelFailure.Internal, e.Message);
                _context.Delivery.Flush(); // Opening a model may take long: nobody waits for it to learn of the end.
                _context.Health.Mark(EngineState.Recovering, e.Message);
                if (!Reopen(isFirst: false))
                {
                    break;
                }
            }
        }

        _pipeline!.Drop(ModelFailure.Internal, "The server is stopping.");
        Drain();
        _pipeline.Scheduler.FailAll("The server is stopping.", _context.NowMs());
        EndLive("The server is stopping.");
        SaveRest();
        _reporter.Publish(EngineState.Stopped, _pipeline!, _context.NowMs());
    }

    private void Turn()
    {
        var pipeline = _pipeline!;
        Drain();
        var hasWorked = pipeline.Turn();
        _isWarm = pipeline.Finished >= 2;
        _context.Delivery.Flush();
        if (hasWorked)
        {
            _reporter.Maybe(EngineState.Ready, pipeline, _context.NowMs());
        }
        else
        {
            Rest();
        }
    }

    private void Drain()
    {
        while (_context.Requests.TryRead(out var live))
        {
            _live.Add(live!);
            _pipeline!.Scheduler.Submit(live!.Request, live, live.SubmittedMs);
        }
    }

    private void Rest()
    {
        _reporter.Publish(EngineState.Ready, _pipeline!, _context.NowMs());
        _context.Parker.Prepare();
        if (!_context.Requests.IsEmpty || _context.IsStopping() || _pipeline!.Scheduler.HasNews)
        {
            _context.Parker.Abandon();
        }
        else
        {
            _context.Parker.Sleep();
        }
    }

    // What is cached and not yet on disk; the limit keeps a stop short.
    private void SaveRest()
    {
        if (_model is null)
        {
            return;
        }

        var untilMs = _context.NowMs() + SaveAtStopMs;
        var scheduler = _pipeline!.Scheduler;
        scheduler.Sweep(_context.NowMs());
        while (_context.NowMs() < untilMs)
        {
            scheduler.PollArchive();
            if (scheduler.SaveOne())
            {
                continue;
            }

            if (_context.Disk.Tier is not { IsBusy: true })
            {
                break;
            }

            _context.Parker.Prepare();
            _context.Parker.Sleep(10);
        }
    }

    // The successor's first act: nobody else touches what an abandoned thread left.
    private void Bury()
    {
        EndLive("The engine was stuck and has been restarted.");
        _pipeline?.Scheduler.ForgetArchive();
    }

    private void EndLive(string message)
    {
        foreach (var live in _live.ToArray())
        {
            live.End(FinishReason.Failed, message);
        }

        _live.Clear();
        _context.Delivery.Flush();
    }

    // Opens the model, again and again with growing pauses; false where the loop stops meanwhile, or at the first try.
    private bool Reopen(bool isFirst)
    {
        CloseModel();
        for (var attempt = 1; !_context.IsStopping(); attempt++)
        {
            try
            {
                var model = _context.Open();
                _model = new GuardedModel(model, Gate, _context.Time);
                var limits = EngineLimits.Derive(_context.Options, model.Info);
                _context.Disk.Open(_context.Options.DiskCache, model.Info, _context.Log, _context.Parker.Wake);
                Rebind(limits);
                _context.Health.Publish(model.Info, limits);
                _context.Ready.TrySetResult();
                return true;
            }
            catch (Exception e) when (e is not AbandonedException)
            {
                LogOpenFailed(_context.Log, attempt, e);
                if (isFirst)
                {
                    _context.Ready.TrySetException(e);
                    return false;
                }

                _context.Health.Mark(EngineState.Recovering, e.Message);
                if (attempt >= 3)
                {
                    EndWaiting("The model could not be opened again: " + e.Message);
                }

                _context.Parker.Prepare();
                _context.Parker.Sleep(Math.Min(100 << Math.Min(attempt, 3), 800));
            }
        }

        return false;
    }

    private void Rebind(EngineLimits limits)
    {
        if (_pipeline is null)
        {
            _pipeline = new StepPipeline(
                _model!, _context.Options, limits, _context.Disk.Tier, _context.NowMs, _context.Log);
        }
        else
        {
            _reporter.Restarted();
            _pipeline.Rebind(_model!, limits);
        }
    }

    private void EndWaiting(string message)
    {
        _pipeline?.Scheduler.FailAll(message, _context.NowMs());
        while (_context.Requests.TryRead(out var live))
        {
            live!.End(FinishReason.Failed, message);
        }

        _context.Delivery.Flush();
    }

    private void CloseModel()
    {
        try
        {
            _model?.Dispose();
        }
        catch (ModelException e)
        {
            LogBroken(_context.Log, e);
        }

        _model = null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The model is opened again after a failure.")]
    private static partial void LogBroken(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The engine thread has ended by a failure of its own.")]
    private static partial void LogDead(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The model could not be opened (attempt {Attempt}).")]
    private static partial void LogOpenFailed(ILogger log, int attempt, Exception e);
}
