using FastMlx.Engine.Rings;
using FastMlx.Engine.Scheduling;

namespace FastMlx.Engine;

/// <summary>
/// Turns the scheduler's counts into snapshots, at most ten a second while steps run, so that a step allocates
/// nothing. Engine thread.
/// </summary>
internal sealed class HealthReporter(HealthBoard board, DiskHolder disk, HealthReporter? before)
{
    private const double PeriodMs = 100;

    private double _lastMs;
    private long _sampled;
    private long _prefilled;
    private double _sampledPerSecond;
    private double _prefilledPerSecond;
    private long _restarts = before is null ? 0 : before._restarts + 1;

    public void Restarted() => _restarts++;

    public void Maybe(EngineState state, StepPipeline pipeline, double nowMs)
    {
        if (nowMs - _lastMs >= PeriodMs)
        {
            Publish(state, pipeline, nowMs);
        }
    }

    public void Publish(EngineState state, StepPipeline pipeline, double nowMs)
    {
        var scheduler = pipeline.Scheduler;
        var totals = scheduler.Totals;
        var table = scheduler.Table;
        var cached = 0;
        var cachedBytes = 0UL;
        for (var i = 0; i < table.All.Count; i++)
        {
            var timeline = table.All[i];
            cached += timeline.Owner is null ? 1 : 0;
            cachedBytes += timeline.Owner is null ? timeline.Bytes : 0;
        }

        UpdateRates(totals, scheduler.IsIdle, nowMs);
        board.Publish(new EngineHealth
        {
            State = state,
            Queued = scheduler.WaitingCount,
            Running = scheduler.RunningCount,
            Slots = table.Count,
            CachedTimelines = cached,
            CachedBytes = cachedBytes,
            StateBytes = table.Bytes,
            StateBytesMax = table.BytesMax,
            WeightBytes = board.Model?.WeightBytes ?? 0,
            LastStepMs = pipeline.Meter.LastStepMs,
            ChunkTokens = scheduler.ChunkTokens,
            Steps = totals.Steps,
            Requests = totals.Requests,
            PromptTokens = totals.PromptTokens,
            ReusedTokens = totals.ReusedTokens,
            PrefilledTokens = totals.PrefilledTokens,
            SampledTokens = totals.SampledTokens,
            Failures = totals.Failures,
            Preemptions = totals.Preemptions,
            Evictions = table.Evictions,
            DiskBytes = disk.Tier?.Bytes ?? 0,
            DiskChunks = disk.Tier?.Chunks ?? 0,
            DiskSaved = disk.Tier?.Saved ?? 0,
            DiskRestored = disk.Tier?.Restored ?? 0,
            DiskIsOff = disk.Tier?.IsOff ?? true,
            Restarts = _restarts,
            SampledPerSecond = _sampledPerSecond,
            PrefilledPerSecond = _prefilledPerSecond,
        });
    }

    private void UpdateRates(SchedulerTotals totals, bool isIdle, double nowMs)
    {
        var seconds = (nowMs - _lastMs) / 1000;
        if (seconds <= 0)
        {
            return;
        }

        // The weight of a period grows with its length: a time constant of about two seconds.
        var weight = 1 - Math.Exp(-seconds / 2);
        _sampledPerSecond += weight * (((totals.SampledTokens - _sampled) / seconds) - _sampledPerSecond);
        _prefilledPerSecond += weight * (((totals.PrefilledTokens - _prefilled) / seconds) - _prefilledPerSecond);
        if (isIdle && totals.SampledTokens == _sampled && totals.PrefilledTokens == _prefilled)
        {
            _sampledPerSecond = 0;
            _prefilledPerSecond = 0;
        }

        _sampled = totals.SampledTokens;
        _prefilled = totals.PrefilledTokens;
        _lastMs = nowMs;
    }
}
