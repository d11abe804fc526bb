using System.Diagnostics.CodeAnalysis;
using FastMlx.Engine.Rings;
using FastMlx.Engine.Scheduling;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>
/// One thread and the model it opened. Loop: drain the queue, sweep, admit, plan and begin a step, end the oldest one,
/// commit. It ends when the loop stops, or when the watchdog has abandoned it inside a call and it comes back.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The thread itself disposes its model; nobody else may.")]
internal sealed partial class EngineThread
{
    private readonly EngineThreadContext _context;
    private readonly EngineThread? _abandoned;
    private readonly HashSet<LiveGeneration> _live = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StepMeter _meter;
    private readonly Queue<Step> _inFlight = new(2);
    private readonly Stack<Step> _free = new(2);
    private readonly HealthReporter _reporter;
    private GuardedModel? _model;
    private Scheduler? _scheduler;
    private int _failuresInARow;
    private volatile int _warmSteps; // Read by the watchdog; a stale value only delays or hastens it by one look.

    public EngineThread(EngineThreadContext context, EngineThread? abandoned)
    {
        _context = context;
        _abandoned = abandoned;
        _meter = new StepMeter(context.Options.StepsInFlight);
        _reporter = new HealthReporter(context.Health, abandoned?._reporter);
    }

    public StepGate Gate { get; } = new();

    public Task Ended => _ended.Task;

    public bool IsWarm => _warmSteps >= 2;

    public void Start() => new Thread(Run) { IsBackground = true, Name = "fastmlx-engine" }.Start();

    /// <summary>Engine thread: the generation has ended.</summary>
    public void Forget(LiveGeneration generation) => _live.Remove(generation);

    private void Run()
    {
        try
        {
            _abandoned?.EndLive("The engine was stuck and has been restarted.");
            if (Reopen(isFirst: _abandoned is null))
            {
                Serve();
            }
        }
        catch (AbandonedException)
        {
            // The successor owns everything but the model, which only this thread may close.
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
                DropSteps(ModelFailure.Internal, e.Message);
                if (!Reopen(isFirst: false))
                {
                    break;
                }
            }
        }

        DropSteps(ModelFailure.Internal, "The server is stopping.");
        Drain();
        EndLive("The server is stopping.");
        _reporter.Publish(EngineState.Stopped, null, _scheduler!, _meter, _context.NowMs());
    }

    private void Turn()
    {
        var scheduler = _scheduler!;
        var nowMs = _context.NowMs();
        Drain();
        scheduler.Sweep(nowMs);
        scheduler.Admit(nowMs);
        var hasBegun = _inFlight.Count < _meter.Depth && Begin();
        if (_inFlight.Count > 0 && (!hasBegun || _inFlight.Count >= _meter.Depth))
        {
            End();
        }

        _context.Delivery.Flush();
        _reporter.Maybe(EngineState.Ready, null, scheduler, _meter, _context.NowMs());
        if (!hasBegun && _inFlight.Count == 0)
        {
            Rest();
        }
    }

    private bool Begin()
    {
        var step = _free.Count > 0 ? _free.Pop() : _scheduler!.CreateStep();
        if (!_scheduler!.Plan(step))
        {
            _free.Push(step);
            return false;
        }

        step.BegunMs = _context.NowMs();
        try
        {
            _model!.BeginStep(step.Rows, step.Tokens);
        }
        catch (ModelException e)
        {
            FinishOlder();
            Fail(step, e);
            return true;
        }

        step.BeginTookMs = _context.NowMs() - step.BegunMs;
        _inFlight.Enqueue(step);
        return true;
    }

    private void End()
    {
        var step = _inFlight.Dequeue();
        try
        {
            _model!.EndStep(step.Next);
        }
        catch (ModelException e)
        {
            // What was queued behind a failed step was computed from it.
            DropSteps(e.Kind, e.Message);
            Fail(step, e);
            return;
        }

        Commit(step);
    }

    private void Commit(Step step)
    {
        var nowMs = _context.NowMs();
        var stepMs = _meter.Observe(step.BegunMs, step.BeginTookMs, nowMs);
        _scheduler!.Commit(step, nowMs, stepMs);
        _free.Push(step);
        _failuresInARow = 0;
        _warmSteps = Math.Min(_warmSteps + 1, 2);
    }

    // A step could not begin; the one before it is not concerned.
    private void FinishOlder()
    {
        while (_inFlight.Count > 0)
        {
            End();
        }
    }

    // Steps in flight whose results are of no use; the model must still be asked for them.
    private void DropSteps(ModelFailure kind, string message)
    {
        while (_inFlight.TryDequeue(out var step))
        {
            try
            {
                _model!.EndStep(step.Next);
            }
            catch (ModelException)
            {
                // Expected: it depends on the step that failed.
            }

            _scheduler!.Fail(step, kind, message, _context.NowMs());
            _free.Push(step);
        }
    }

    private void Fail(Step step, ModelException failure)
    {
        LogStepFailed(_context.Log, failure.Kind, failure.Message);
        _scheduler!.Fail(step, failure.Kind, failure.Message, _context.NowMs());
        _free.Push(step);
        _failuresInARow++;
        if (_failuresInARow >= 2 && failure.Kind != ModelFailure.NoMemory)
        {
            throw failure; // The slots' loss did not help: the model goes too.
        }
    }

    private void Drain()
    {
        while (_context.Requests.TryRead(out var live))
        {
            _live.Add(live!);
            _scheduler!.Submit(live!.Request, live, live.SubmittedMs);
        }
    }

    private void Rest()
    {
        _reporter.Publish(EngineState.Ready, null, _scheduler!, _meter, _context.NowMs());
        _context.Parker.Prepare();
        if (!_context.Requests.IsEmpty || _context.IsStopping() || _scheduler!.HasNews)
        {
            _context.Parker.Abandon();
        }
        else
        {
            _context.Parker.Sleep();
        }
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
        if (_scheduler is null)
        {
            _scheduler = new Scheduler(_model!, _context.Options, limits);
        }
        else
        {
            _reporter.Restarted();
            _scheduler.Replace(_model!, limits, _context.NowMs());
        }

        _failuresInARow = 0;
        _warmSteps = 0;
    }

    private void EndWaiting(string message)
    {
        _scheduler?.FailAll(message, _context.NowMs());
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

    [LoggerMessage(Level = LogLevel.Error, Message = "A step failed ({Kind}): {Reason}")]
    private static partial void LogStepFailed(ILogger log, ModelFailure kind, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The model is opened again after a failure.")]
    private static partial void LogBroken(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The model could not be opened (attempt {Attempt}).")]
    private static partial void LogOpenFailed(ILogger log, int attempt, Exception e);
}
