using FastMlx.Engine.Disk;
using FastMlx.Engine.Scheduling;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>
/// Joins the scheduler and a model: begins steps, ends the oldest one, and says which sequences a failure concerns.
/// No thread of its own; time is a function, so that a simulation can drive it. It throws where the model as a whole
/// cannot be trusted any more: then <see cref="Drop"/>, open another model, <see cref="Rebind"/>.
/// </summary>
internal sealed partial class StepPipeline
{
    private readonly EngineOptions _options;
    private readonly Func<double> _nowMs;
    private readonly ILogger _log;
    private readonly Queue<Step> _inFlight = new(2);
    private readonly Stack<Step> _free = new(2);
    private IModel _model;
    private int _failuresInARow;

    public StepPipeline(
        IModel model, EngineOptions options, EngineLimits limits, DiskTier? disk, Func<double> nowMs, ILogger log)
    {
        _model = model;
        _options = options;
        _nowMs = nowMs;
        _log = log;
        Meter = new StepMeter(options.StepsInFlight);
        Scheduler = new Scheduler(model, options, limits, disk);
    }

    public Scheduler Scheduler { get; }

    public StepMeter Meter { get; }

    /// <summary>Steps that this model has finished.</summary>
    public long Finished { get; private set; }

    /// <summary>One turn; false where there was nothing to do until something happens outside.</summary>
    public bool Turn()
    {
        Scheduler.Sweep(_nowMs());
        Scheduler.Admit(_nowMs());
        var hasBegun = _inFlight.Count < Meter.Depth && Begin();
        if (_inFlight.Count > 0 && (!hasBegun || _inFlight.Count >= Meter.Depth))
        {
            End();
            return true;
        }

        return hasBegun || Scheduler.SaveOne();
    }

    /// <summary>Ends steps in flight whose results are of no use; their sequences fail.</summary>
    public void Drop(ModelFailure kind, string message)
    {
        while (_inFlight.TryDequeue(out var step))
        {
            try
            {
                _model.EndStep(step.Next);
            }
            catch (Exception e) when (e is not AbandonedException)
            {
                // Expected: what was queued behind a failed step depends on it.
                LogDropped(_log, e.Message);
            }

            Scheduler.Fail(step, kind, message, _nowMs());
            _free.Push(step);
        }
    }

    /// <summary>Goes on with a new model; the old one and all its slots are gone.</summary>
    public void Rebind(IModel model, EngineLimits limits)
    {
        _model = model;
        _failuresInARow = 0;
        Finished = 0;
        Scheduler.Replace(model, limits);
    }

    private bool Begin()
    {
        var step = _free.Count > 0 ? _free.Pop() : new Step(_options.MaxRunning, _options.MaxStepTokens);
        if (!Scheduler.Plan(step))
        {
            _free.Push(step);
            return false;
        }

        step.BegunMs = _nowMs();
        try
        {
            if (step.Asks.HasAdjusts)
            {
                _model.BeginStep(step.Rows, step.Tokens, step.Asks.Adjusts);
            }
            else
            {
                _model.BeginStep(step.Rows, step.Tokens);
            }
        }
        catch (Exception e) when (e is not AbandonedException)
        {
            FinishOlder(); // The step before it is not concerned.
            Fail(step, Failure(e));
            return true;
        }

        step.BeginTookMs = _nowMs() - step.BegunMs;
        _inFlight.Enqueue(step);
        Scheduler.Begun(step);
        return true;
    }

    private void End()
    {
        var step = _inFlight.Dequeue();
        try
        {
            _model.EndStep(step.Next);
            step.Asks.Collect(_model, step);
        }
        catch (Exception e) when (e is not AbandonedException)
        {
            ModelException failure = Failure(e);
            Drop(failure.Kind, failure.Message);
            Fail(step, failure);
            return;
        }

        var nowMs = _nowMs();
        var stepMs = Meter.Observe(step.BegunMs, step.BeginTookMs, nowMs);
        Scheduler.Commit(step, nowMs, stepMs);
        _free.Push(step);
        _failuresInARow = 0;
        Finished++;
    }

    private void FinishOlder()
    {
        while (_inFlight.Count > 0)
        {
            End();
        }
    }

    // Whatever a model throws ends the step's rows: left alive, they would be planned and thrown at for ever.
    private static ModelException Failure(Exception e) =>
        e as ModelException ?? new ModelException(ModelFailure.Internal, $"{e.GetType().Name}: {e.Message}");

    private void Fail(Step step, ModelException failure)
    {
        LogStepFailed(_log, failure.Kind, failure.Message);
        Scheduler.Fail(step, failure.Kind, failure.Message, _nowMs());
        _free.Push(step);
        _failuresInARow++;
        if (_failuresInARow >= 2 && failure.Kind != ModelFailure.NoMemory)
        {
            throw failure; // The loss of the slots did not help: the model goes too.
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A step behind a failed one: {Reason}")]
    private static partial void LogDropped(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A step failed ({Kind}): {Reason}")]
    private static partial void LogStepFailed(ILogger log, ModelFailure kind, string reason);
}
