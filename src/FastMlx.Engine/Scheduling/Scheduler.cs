using System.Diagnostics.CodeAnalysis;
using FastMlx.Engine.Disk;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// Decides what each step computes: admit, plan, commit. A pure object: no threads, no clock (times are arguments, in
/// milliseconds), no text. The model is touched for slots only, and never a slot with a step in flight.
/// </summary>
internal sealed class Scheduler
{
    private const int RestartsMax = 8;

    private readonly EngineOptions _options;
    private readonly List<Sequence> _waiting = [];
    private readonly List<Sequence> _running = [];
    private readonly ChunkSizer _sizer;
    private readonly DiskTier? _disk;
    private readonly SessionMemory _sessions = new();
    private TimelineTable _table;
    private Admission _admission;
    private Planner _planner;
    private Archive? _archive;

    public Scheduler(IModel model, EngineOptions options, EngineLimits limits, DiskTier? disk)
    {
        _options = options;
        _disk = disk;
        _sizer = new ChunkSizer(options.MaxStepTokens, options.ChunkTargetMs, options.IdleChunkTargetMs);
        Bind(model, limits);
    }

    public EngineLimits Limits { get; private set; }

    public SchedulerTotals Totals { get; } = new();

    public TimelineTable Table => _table;

    public int WaitingCount => _waiting.Count;

    public int RunningCount => _running.Count;

    public bool IsIdle => _waiting.Count == 0 && _running.Count == 0;

    /// <summary>Whether a flag or room in a ring has appeared that the next turn can act upon.</summary>
    public bool HasNews =>
        (_archive?.HasResults ?? false)
        || _waiting.Exists(one => one.Output.CancelRequested)
        || _running.Exists(one => one.Output.CancelRequested || one.Output.Room > 0);

    public int ChunkTokens => _sizer.Chunk(beside: true);

    /// <summary>Takes a request in; it must have passed <see cref="EngineLimits.Check"/>.</summary>
    public void Submit(GenerationRequest request, ISequenceOutput output, double nowMs)
    {
        var key = nowMs + ((int)request.Lane * _options.AgingMs);
        var sequence = new Sequence(request, output, nowMs, key);
        if (!_table.CanTrim)
        {
            AddLastCheckpoint(sequence);
        }

        Totals.Requests++;
        Totals.PromptTokens += sequence.PromptLength;
        Ordered.Insert(_waiting, sequence);
    }

    /// <summary>Between steps: honours cancel flags, and takes sequences out whose last step has finished.</summary>
    public void Sweep(double nowMs)
    {
        _archive?.Poll();
        _table.Recover(nowMs);
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Output.CancelRequested)
            {
                _archive?.Abandon(_waiting[i]);
                _waiting[i].Finish(FinishReason.Cancelled, null, nowMs);
                _waiting.RemoveAt(i);
            }
        }

        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var sequence = _running[i];
            if (sequence.IsAlive && sequence.Output.CancelRequested)
            {
                sequence.Finish(FinishReason.Cancelled, null, nowMs);
            }

            if (sequence.Timeline!.InFlight == 0 && (!sequence.IsAlive || sequence.Lost || sequence.Leaves))
            {
                Retire(sequence);
            }
        }
    }

    public void Admit(double nowMs)
    {
        if (_waiting.Count == 0)
        {
            foreach (var sequence in _running)
            {
                sequence.Held = false;
            }

            return;
        }

        _admission.Admit(_waiting, _running, nowMs);
    }

    /// <summary>Saves a piece of the cache to disk; to be called where there is nothing to compute.</summary>
    public bool SaveOne() => _archive?.SaveOne() ?? false;

    /// <summary>Fills the step; false where there is nothing to compute now.</summary>
    public bool Plan(Step step)
    {
        step.Clear();
        _planner.Plan(step, _running);
        return step.RowCount > 0;
    }

    /// <summary>The step has begun: its slots grow.</summary>
    public void Begun(Step step)
    {
        for (var i = 0; i < step.RowCount; i++)
        {
            _table.Grow(step.Owner(i).Timeline!, step.Rows[i].Count);
        }
    }

    /// <summary>Takes the step's results in: <see cref="Step.Next"/> holds one id a row.</summary>
    public void Commit(Step step, double nowMs, double stepMs)
    {
        _sizer.Observe(step.TokenCount, stepMs);
        Totals.Steps++;
        for (var i = 0; i < step.RowCount; i++)
        {
            var sequence = step.Owner(i);
            var row = step.Rows[i];
            var timeline = sequence.Timeline!;
            timeline.InFlight--;
            timeline.Settled += row.Count;
            var prompt = Math.Min(timeline.Settled, sequence.PromptLength);
            if (prompt > sequence.Computed)
            {
                Totals.PrefilledTokens += prompt - sequence.Computed;
                sequence.Computed = prompt;
            }

            if (sequence is { IsAlive: true, Scores.IsComplete: true } && row.First < sequence.PromptLength)
            {
                sequence.Output.Scored(sequence.Scores);
            }

            if (row.Sample != 0)
            {
                Take(sequence, step.Next[i], step.Asks.LogprobsOf(step, i), nowMs);
            }
            else if (sequence.IsAlive && sequence.Request.MaxTokens <= 0 && timeline.Settled >= sequence.Known)
            {
                sequence.Finish(FinishReason.MaxTokens, null, nowMs);
            }

            if (sequence.IsAlive)
            {
                sequence.Output.Report(sequence.Stats(nowMs));
            }

            if (!sequence.Lost && row.Count > 1)
            {
                _table.Index(timeline);
            }
        }
    }

    /// <summary>
    /// A step failed: its slots are lost. For want of memory the sequences start again when room is made; otherwise
    /// they end as failed.
    /// </summary>
    public void Fail(Step step, ModelFailure kind, string message, double nowMs)
    {
        Totals.Failures++;
        if (kind == ModelFailure.NoMemory)
        {
            _table.Shrink(nowMs);
        }

        for (var i = 0; i < step.RowCount; i++)
        {
            var sequence = step.Owner(i);
            sequence.Timeline!.InFlight--;
            sequence.SamplesInFlight -= step.Rows[i].Sample != 0 ? 1 : 0;
            sequence.Lost = true;
            if (sequence.IsAlive && (kind != ModelFailure.NoMemory || ++sequence.Restarts > RestartsMax))
            {
                sequence.Finish(FinishReason.Failed, message, nowMs);
            }
        }
    }

    /// <summary>The model is gone and a new one is open: all slots are lost, living sequences start again.</summary>
    public void Replace(IModel model, EngineLimits limits)
    {
        _archive?.Forget();
        Bind(model, limits);
        foreach (var sequence in _running)
        {
            sequence.SamplesInFlight = 0;
            Requeue(sequence);
        }

        _running.Clear();
    }

    /// <summary>Ends everything, with a reason that no client can take for an answer.</summary>
    public void FailAll(string message, double nowMs)
    {
        foreach (var sequence in _waiting.Concat(_running).Where(one => one.IsAlive))
        {
            sequence.Finish(FinishReason.Failed, message, nowMs);
        }

        _archive?.Forget();
        _waiting.Clear();
    }

    public void PollArchive() => _archive?.Poll();

    /// <summary>Gives up what is on its way from the disk; the slots it was meant for are gone.</summary>
    public void ForgetArchive() => _archive?.Forget();

    [MemberNotNull(nameof(_table), nameof(_admission), nameof(_planner), nameof(Limits))]
    private void Bind(IModel model, EngineLimits limits)
    {
        Limits = limits;
        _table = new TimelineTable(model, limits.StateBytes, _options.MaxSlots);
        _archive = _disk is null ? null : new Archive(model, _table, _disk);
        _admission = new Admission(_table, limits, _options.MaxRunning, Totals, _sessions, _archive);
        _planner = new Planner(_table, _options, limits, _sizer, Totals);
    }

    private static void AddLastCheckpoint(Sequence sequence)
    {
        // Without it a second request with the same prompt, or the next turn, finds no way back into this one.
        var last = sequence.PromptLength - 1;
        if (last >= 32 && (sequence.Checkpoints.Count == 0 || sequence.Checkpoints[^1] < last - 64))
        {
            sequence.Checkpoints.Add(last);
        }
    }

    private void Take(Sequence sequence, int token, ReadOnlySpan<TokenLogprob> logprobs, double nowMs)
    {
        sequence.SamplesInFlight--;
        if (!sequence.IsAlive)
        {
            return; // Sampled behind the end, and never fed: an ended sequence is not planned.
        }

        sequence.Append(token);
        sequence.Request.Constraint?.Accept(token);
        sequence.Restarts = 0;
        if (sequence.FirstTokenMs == 0)
        {
            sequence.FirstTokenMs = nowMs;
        }

        if (Array.IndexOf(sequence.Request.StopTokens, token) >= 0)
        {
            sequence.Output.Stopped(logprobs);
            sequence.Finish(FinishReason.Stop, null, nowMs);
            return;
        }

        sequence.Output.Write(token, logprobs);
        sequence.Delivered++;
        Totals.SampledTokens++;
        if (sequence.Sampled == sequence.Request.MaxTokens)
        {
            sequence.Finish(FinishReason.MaxTokens, null, nowMs);
        }
        else if (sequence.Known == Limits.ContextLength)
        {
            sequence.Finish(FinishReason.ContextFull, null, nowMs);
        }
    }

    private void Retire(Sequence sequence)
    {
        var timeline = sequence.Timeline!;
        var isLost = sequence.Lost;
        _running.Remove(sequence);
        Requeue(sequence);
        if (isLost)
        {
            _table.Close(timeline);
            _table.EvictAll();
        }
        else
        {
            _table.Keep(timeline, sequence.Weight);
        }
    }

    private void Requeue(Sequence sequence)
    {
        sequence.Timeline = null;
        sequence.Lost = false;
        sequence.Leaves = false;
        sequence.Leader = null;
        if (sequence.IsAlive)
        {
            Ordered.Insert(_waiting, sequence);
        }
    }
}
