namespace FastMlx.Engine.Scheduling;

/// <summary>
/// Starts waiting sequences: finds what the cache holds of their prompts, lets a newcomer wait for one that is just
/// computing the same prefix, and asks the memory before a slot.
/// </summary>
internal sealed class Admission(
    TimelineTable table,
    EngineLimits limits,
    int maxRunning,
    SchedulerTotals totals,
    SessionMemory sessions,
    Archive? archive)
{
    /// <summary>An answer's growth that is reserved at the start; what goes beyond may be preempted.</summary>
    private const int ReservedTokens = 256;

    /// <summary>Shorter common prefixes are cheaper to compute twice than to wait for.</summary>
    private const int LeastShared = 16;

    private enum Outcome
    {
        Started,
        Waits,
        NoRoom,
        Failed,
    }

    /// <summary>Moves what can start from <paramref name="waiting"/> to <paramref name="running"/>, in order.</summary>
    public void Admit(List<Sequence> waiting, List<Sequence> running, double nowMs)
    {
        foreach (var sequence in running)
        {
            sequence.Held = false;
        }

        for (var i = 0; i < waiting.Count && running.Count < maxRunning;)
        {
            var sequence = waiting[i];
            var outcome = TryStart(sequence, running, out var failure);
            if (outcome == Outcome.NoRoom && running.Count > 0)
            {
                return; // Nobody overtakes the most urgent one, or it might wait for ever.
            }

            if (outcome is Outcome.Waits or Outcome.NoRoom)
            {
                i++;
                continue;
            }

            waiting.RemoveAt(i);
            if (outcome == Outcome.Failed)
            {
                sequence.Finish(FinishReason.Failed, failure, nowMs);
                continue;
            }

            if (!sequence.Admitted)
            {
                sequence.Admitted = true;
                sequence.AdmittedMs = nowMs;
            }

            Ordered.Insert(running, sequence);
        }
    }

    private Outcome TryStart(Sequence sequence, List<Sequence> running, out string? failure)
    {
        failure = null;
        if (!HasRoom(sequence, running))
        {
            return Outcome.NoRoom;
        }

        if (sequence.Leader is { } leader)
        {
            if (IsLeading(leader, sequence.LeaderLength))
            {
                return Outcome.Waits;
            }

            sequence.Leader = null;
        }

        var tokens = sequence.Tokens.AsSpan(0, sequence.Known);
        var match = table.Find(sequence.Request.Partition, tokens, sequence.ReusableTokens);
        if (!sequence.NeedsScores && FindLeader(sequence, match.Length, running))
        {
            return Outcome.Waits;
        }

        try
        {
            var timeline = default(Timeline);
            var isRestoring = sequence.Restore is not null;
            if (archive is not null && !sequence.NeedsScores && archive.MustWait(sequence, match.Length, out timeline))
            {
                return Outcome.Waits;
            }

            if (isRestoring)
            {
                // Making room for what came from the disk may have closed what was found before.
                timeline = timeline is null ? null : Cut(timeline, sequence);
                match = table.Find(sequence.Request.Partition, tokens, sequence.ReusableTokens);
            }

            var isAlone = running.Count == 0 && archive?.Restoring is null;
            return Attach(sequence, match, timeline, isAlone, out failure);
        }
        catch (ModelException e)
        {
            failure = e.Message;
            return Outcome.Failed;
        }
    }

    private Outcome Attach(Sequence sequence, Match match, Timeline? timeline, bool isAlone, out string? failure)
    {
        failure = null;
        if (timeline is null && match.Source is { } source)
        {
            if (source.InFlight > 0)
            {
                if (source.Owner is { } owner)
                {
                    owner.Held = true;
                }

                return Outcome.Waits;
            }

            timeline = Reuse(source, match.Length);
        }

        timeline ??= table.Open(sequence.Request.Partition);
        if (timeline is null)
        {
            failure = "There is not enough memory for the state of this request.";
            return isAlone ? Outcome.Failed : Outcome.NoRoom;
        }

        timeline.Owner = sequence;
        timeline.Tokens = sequence.Tokens;
        sequence.Timeline = timeline;
        sequence.Checkpoints.RemoveAll(position => position <= timeline.Count || position >= sequence.Known);
        table.Index(timeline);
        if (!sequence.Admitted)
        {
            sequence.Reused = Math.Min(timeline.Count, sequence.PromptLength);
            sequence.Computed = sequence.Reused;
            totals.ReusedTokens += sequence.Reused;
            sequence.DivergedAt = sessions.Diverged(sequence, Math.Max(match.Shared, timeline.Count));
        }

        return Outcome.Started;
    }

    /// <summary>
    /// The source itself where nobody will miss its tail, a fork of it otherwise; null where both fail.
    /// </summary>
    private Timeline? Reuse(Timeline source, int length)
    {
        try
        {
            // Taking a checkpoint of a state that cannot be cut would lose the only way back to it.
            var isTail = source.Owner is null && table.CanTrim && source.Count - length <= Math.Max(64, length / 16);
            if (isTail && table.TryTake(source, length))
            {
                return source;
            }

            table.Touch(source);
            var fork = table.Fork(source, length);
            return fork is null && source.Owner is null && table.TryTake(source, length) ? source : fork;
        }
        catch (ModelException)
        {
            // The request does not need this source; a cached one that fails is not worth keeping.
            if (source.Owner is null)
            {
                table.Close(source);
            }

            return null;
        }
    }

    /// <summary>What came from the disk, cut to what the prompt shares; null where nothing of it can be used.</summary>
    private Timeline? Cut(Timeline restored, Sequence sequence)
    {
        var tokens = sequence.Tokens.AsSpan(0, sequence.Known - 1);
        var shared = tokens.CommonPrefixLength(restored.Tokens.AsSpan(0, restored.Count));
        try
        {
            if (shared > 0 && table.TryTake(restored, shared))
            {
                return restored;
            }

            table.Keep(restored, sequence.Weight);
        }
        catch (ModelException)
        {
            table.Close(restored);
        }

        return null;
    }

    private bool HasRoom(Sequence sequence, List<Sequence> running)
    {
        var restoring = archive?.Restoring;
        if (running.Count == 0 && (restoring is null || restoring == sequence))
        {
            return true;
        }

        var needed = Needed(sequence) + table.FixedBytes;
        if (restoring is not null)
        {
            needed += (restoring.Timeline?.Bytes ?? 0) + (restoring == sequence ? 0 : Needed(restoring));
        }

        foreach (var other in running)
        {
            needed += (other.Timeline?.Bytes ?? 0) + Needed(other);
        }

        return needed <= table.BytesMax;
    }

    /// <summary>Bytes a sequence will add to what its timeline has, up to the end of the reserve.</summary>
    private ulong Needed(Sequence sequence)
    {
        var answer = Math.Clamp(sequence.Request.MaxTokens - sequence.Sampled, 0, ReservedTokens);
        var length = Math.Min(sequence.Known + answer, limits.ContextLength);
        return (ulong)Math.Max(0, length - sequence.Begun) * limits.StateBytesPerToken;
    }

    private bool IsLeading(Sequence leader, int length)
    {
        if (leader.IsAlive && leader == archive?.Restoring)
        {
            return true;
        }

        if (!leader.IsAlive || leader.Timeline is not { } timeline)
        {
            return false;
        }

        return table.CanTrim ? timeline.Settled < length : leader.Checkpoints.Contains(length);
    }

    private bool FindLeader(Sequence sequence, int have, List<Sequence> running)
    {
        var tokens = sequence.Tokens.AsSpan(0, sequence.Known - 1);
        if (archive?.Restoring is { } restoring && restoring != sequence
            && restoring.Request.Partition == sequence.Request.Partition)
        {
            var coming = tokens.CommonPrefixLength(restoring.Tokens.AsSpan(0, restoring.Restore!.Length));
            if (coming >= have + LeastShared)
            {
                sequence.Leader = restoring;
                sequence.LeaderLength = coming;
                return true;
            }
        }

        foreach (var other in running)
        {
            if (!other.IsAlive || other.Begun >= other.Known || other.Request.Partition != sequence.Request.Partition)
            {
                continue;
            }

            var shared = tokens.CommonPrefixLength(other.Tokens.AsSpan(0, other.Known));
            var length = table.CanTrim ? shared : PromiseCheckpoint(other, shared, have + LeastShared);
            if (length >= have + LeastShared && (!table.CanTrim || other.Timeline!.Settled < length))
            {
                sequence.Leader = other;
                sequence.LeaderLength = length;
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Makes a leader whose state cannot be cut stop for a copy where the follower's prompt leaves it.
    /// </summary>
    private static int PromiseCheckpoint(Sequence leader, int shared, int least)
    {
        if (shared >= least && leader.Begun <= shared && shared < leader.Known)
        {
            var at = leader.Checkpoints.BinarySearch(shared);
            if (at < 0)
            {
                leader.Checkpoints.Insert(~at, shared);
            }

            return shared;
        }

        for (var i = leader.Checkpoints.Count - 1; i >= 0; i--)
        {
            if (leader.Checkpoints[i] <= shared)
            {
                return leader.Checkpoints[i];
            }
        }

        return 0;
    }
}
