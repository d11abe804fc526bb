using System.Diagnostics;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// Fills a step: first one token for each running answer, then a chunk of prompts in the order of urgency, so that no
/// answer ever waits for more than one chunk.
/// </summary>
internal sealed class Planner(
    TimelineTable table, EngineOptions options, EngineLimits limits, ChunkSizer sizer, SchedulerTotals totals)
{
    // A size is asked for after so much growth: asking waits for the steps in flight, so it must be rare.
    private const int MeasuredEvery = 256;

    public void Plan(Step step, List<Sequence> running)
    {
        Measure(running, MeasuredEvery);
        var isShort = PlanAnswers(step, running);
        var room = Math.Min(options.MaxStepTokens - step.TokenCount, sizer.Chunk(beside: step.RowCount > 0));
        isShort |= PlanPrompts(step, running, room);
        if (isShort)
        {
            Preempt(running);
        }
    }

    private void Measure(List<Sequence> running, int least)
    {
        foreach (var sequence in running)
        {
            Measure(sequence, least);
        }
    }

    private void Measure(Sequence sequence, int least)
    {
        if (sequence.Timeline is { } timeline && timeline.Estimated >= least)
        {
            table.Measure(timeline);
        }
    }

    // One token for each running answer. True where memory was short.
    private bool PlanAnswers(Step step, List<Sequence> running)
    {
        var isShort = false;
        foreach (var sequence in running)
        {
            var ahead = sequence.Begun - sequence.Known; // -1: the last token is known; 0: it is on its way.
            var mayRun = sequence.MayRun && ahead >= -1 && step.TokenCount < options.MaxStepTokens;
            if (!mayRun || !IsPastCheckpoint(sequence))
            {
                continue;
            }

            if (ahead > 0 || !MaySample(sequence))
            {
                continue;
            }

            // What is fed ahead of its coming is the step before's sample: with two steps at most, an older one is
            // here.
            Debug.Assert(ahead < 0 || sequence.SamplesInFlight == 1, "fed ahead of nothing");

            if (!HasRoom(step, sequence, 1, running[0]))
            {
                isShort = true;
                continue;
            }

            var token = ahead == 0 ? StepRow.LastToken : sequence.Tokens[sequence.Known - 1];
            step.Add(sequence, new ReadOnlySpan<int>(in token), sample: true);
        }

        return isShort;
    }

    // The chunk's tokens go to prompts in the order of urgency. True where memory was short.
    private bool PlanPrompts(Step step, List<Sequence> running, int room)
    {
        var isShort = false;
        foreach (var sequence in running)
        {
            if (room <= 0 || step.RowRoom == 0)
            {
                break;
            }

            var count = Math.Min(room, PromptTokens(sequence));
            if (count <= 0)
            {
                continue;
            }

            if (!HasRoom(step, sequence, count, running[0]))
            {
                isShort = true;
                continue;
            }

            var isLast = sequence.Begun + count == sequence.Known;
            var tokens = sequence.Tokens.AsSpan(sequence.Begun, count);
            step.Add(sequence, tokens, sample: isLast && sequence.Request.MaxTokens > 0);
            room -= count;
        }

        return isShort;
    }

    // Prompt tokens that may be fed next: up to a checkpoint, and the last one only where its sample has a place.
    private int PromptTokens(Sequence sequence)
    {
        var left = sequence.Known - sequence.Begun;
        if (!sequence.MayRun || left <= 0 || !IsPastCheckpoint(sequence))
        {
            return 0;
        }

        if (left == 1 && sequence.Request.MaxTokens > 0)
        {
            return 0; // Planned with the answers.
        }

        if (sequence.Checkpoints.Count > 0 && !table.CanTrim)
        {
            left = Math.Min(left, sequence.Checkpoints[0] - sequence.Begun);
        }

        return sequence.Begun + left == sequence.Known && sequence.Request.MaxTokens > 0 && !MaySample(sequence)
            ? left - 1
            : left;
    }

    // State that cannot be cut is copied where a checkpoint was asked for; that needs the slot at rest.
    private bool IsPastCheckpoint(Sequence sequence)
    {
        var timeline = sequence.Timeline!;
        if (table.CanTrim || sequence.Checkpoints.Count == 0 || sequence.Checkpoints[0] > timeline.Count)
        {
            return true;
        }

        if (timeline.InFlight > 0)
        {
            return false;
        }

        while (sequence.Checkpoints.Count > 0 && sequence.Checkpoints[0] <= timeline.Count)
        {
            sequence.Checkpoints.RemoveAt(0);
        }

        try
        {
            if (table.Fork(timeline, timeline.Count) is { } checkpoint)
            {
                checkpoint.Tokens = sequence.Tokens;
                table.Keep(checkpoint, sequence.Weight);
            }
        }
        catch (ModelException)
        {
            // A checkpoint is a convenience: the sequence itself goes on.
            totals.Failures++;
        }

        return true;
    }

    private bool MaySample(Sequence sequence)
    {
        var coming = sequence.SamplesInFlight;
        if (coming > 0 && sequence.Request.Constraint is not null)
        {
            return false; // What may come next depends on it.
        }

        if (sequence.Sampled + coming >= sequence.Request.MaxTokens || sequence.Known + coming >= limits.ContextLength)
        {
            return false;
        }

        if (sequence.Output.Room > coming)
        {
            return true;
        }

        sequence.Output.Stall();
        return sequence.Output.Room > coming;
    }

    // Whether the state may grow by these tokens. The most urgent sequence always may: somebody must make progress.
    private bool HasRoom(Step step, Sequence sequence, int tokens, Sequence first)
    {
        var growth = (ulong)(step.TokenCount + tokens) * limits.StateBytesPerToken;
        if (table.Bytes + growth > table.BytesMax)
        {
            Measure(first, 1);
            Measure(sequence, 1); // Exact numbers before anything goes.
        }

        return table.MakeRoom(growth) || ReferenceEquals(sequence, first);
    }

    // Sends the least urgent sequence back to wait, as soon as it has no step in flight; what it computed stays cached
    // while there is room.
    private void Preempt(List<Sequence> running)
    {
        var victim = running[^1];
        if (running.Count > 1 && victim.IsAlive && !victim.Leaves)
        {
            victim.Leaves = true;
            totals.Preemptions++;
        }
    }
}
