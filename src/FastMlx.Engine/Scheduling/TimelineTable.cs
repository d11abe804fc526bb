namespace FastMlx.Engine.Scheduling;

/// <summary>
/// All slots of the model: the running ones, and as prefix cache the ones that nobody owns. Keeps the sum of their
/// bytes and their number under the limits by closing cached ones, the least worthy first.
/// </summary>
internal sealed class TimelineTable(IModel model, ulong bytesMax, int slotsMax)
{
    private const double ShrunkForMs = 60_000;

    private readonly RadixTree _tree = new();
    private readonly List<Timeline> _all = [];
    private double _clock;
    private double _shrunkMs;
    private ulong _shrunkTo = ulong.MaxValue;
    private long _uses;

    public bool CanTrim { get; } = model.Info.CanTrim;

    public ulong Bytes { get; private set; }

    /// <summary>The budget; lower for a while after the model ran out of memory below it.</summary>
    public ulong BytesMax => Math.Min(bytesMax, _shrunkTo);

    public long Evictions { get; private set; }

    public int Count => _all.Count;

    public IReadOnlyList<Timeline> All => _all;

    public IEnumerable<RadixNode> Roots => _tree.Roots;

    /// <summary>State per token, with what a slot costs beyond it, as measured so far.</summary>
    public ulong FixedBytes { get; private set; }

    /// <summary>The best source for a prompt; at most <paramref name="limit"/> tokens of it may be reused.</summary>
    public Match Find(ulong partition, ReadOnlySpan<int> tokens, int limit)
    {
        var node = _tree.Walk(partition, tokens, out var shared);
        if (node is null)
        {
            return default;
        }

        if (CanTrim)
        {
            var length = Math.Min(shared, limit);
            return new Match(length > 0 ? Nearest(node, length, null) : null, length, shared);
        }

        // State that cannot be cut is of use only where it ends on the path.
        for (var above = node; above is not null; above = above.Parent)
        {
            if (above.End <= Math.Min(shared, limit) && above.Ends.Count > 0)
            {
                return new Match(above.Ends[0], above.End, shared);
            }
        }

        return new Match(null, 0, shared);
    }

    /// <summary>An empty timeline, or null where no room can be made for one.</summary>
    public Timeline? Open(ulong partition) => Acquire(partition, null, 0);

    /// <summary>A timeline that shares the first tokens of another one.</summary>
    public Timeline? Fork(Timeline source, int length)
    {
        source.Pinned = true;
        try
        {
            return Acquire(source.Partition, source, length);
        }
        finally
        {
            source.Pinned = false;
        }
    }

    /// <summary>A slot that the model made from saved state, as a timeline of these tokens.</summary>
    public Timeline Adopt(int slot, ulong partition, int[] tokens, int count)
    {
        var timeline = new Timeline(partition, slot) { Tokens = tokens, Count = count, Settled = count };
        _all.Add(timeline);
        Measure(timeline);
        return timeline;
    }

    /// <summary>Makes a slot's worth of room; false where every slot is running.</summary>
    public bool MakeSlot()
    {
        while (_all.Count >= slotsMax)
        {
            if (!EvictOne())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Takes a cached timeline out of the cache, cut to <paramref name="length"/>; false where it cannot.
    /// </summary>
    public bool TryTake(Timeline timeline, int length)
    {
        if (timeline.Count != length && !model.TryTrimSlot(timeline.Slot, length))
        {
            return false;
        }

        _tree.Remove(timeline);
        timeline.Count = length;
        timeline.Settled = length;
        timeline.Stored = timeline.Stored?.UpTo(length);
        Measure(timeline);
        return true;
    }

    /// <summary>Makes what is computed of a running timeline findable.</summary>
    public void Index(Timeline timeline)
    {
        if (CanTrim && timeline.Settled > 0)
        {
            _tree.Remove(timeline);
            _tree.Insert(timeline, timeline.Settled);
        }
    }

    /// <summary>Steps have begun that make it grow: estimated, because asking the model would wait for them.</summary>
    public void Grow(Timeline timeline, int tokens)
    {
        var bytes = (ulong)tokens * model.Info.StateBytesPerToken;
        timeline.Bytes += bytes;
        timeline.Estimated += tokens;
        Bytes += bytes;
    }

    /// <summary>Reads the size anew.</summary>
    public void Measure(Timeline timeline)
    {
        timeline.Estimated = 0;
        var bytes = model.SlotBytes(timeline.Slot);
        Bytes = Bytes - timeline.Bytes + bytes;
        timeline.Bytes = bytes;
        var linear = (ulong)timeline.Count * model.Info.StateBytesPerToken;
        if (bytes > linear && bytes - linear > FixedBytes)
        {
            FixedBytes = bytes - linear;
        }
    }

    /// <summary>Puts a timeline without steps in flight into the cache, unless others make it redundant.</summary>
    public void Keep(Timeline timeline, double weight)
    {
        timeline.Owner = null;
        timeline.IsUnsavable = false;
        timeline.Stored = timeline.Stored?.UpTo(timeline.Count);
        timeline.Weight = weight;
        _tree.Remove(timeline);
        if (timeline.Count == 0)
        {
            Close(timeline);
            return;
        }

        Touch(timeline);
        Measure(timeline);
        _tree.Insert(timeline, timeline.Count);
        var node = timeline.Node!;
        if (node.Ends.Count > 1 || (CanTrim && node.Children.Count > 0))
        {
            Close(timeline);
            return;
        }

        if (CanTrim)
        {
            CloseSuperseded(node);
        }

        MakeRoom(0);
    }

    public void Close(Timeline timeline)
    {
        _tree.Remove(timeline);
        _all.Remove(timeline);
        Bytes -= timeline.Bytes;
        model.CloseSlot(timeline.Slot);
    }

    /// <summary>Forgets everything without a call: the model that held the slots is gone.</summary>
    public void Forget()
    {
        _tree.Clear();
        _all.Clear();
        Bytes = 0;
    }

    /// <summary>Evicts until <paramref name="bytes"/> more fit; false where what is left is running.</summary>
    public bool MakeRoom(ulong bytes)
    {
        while (Bytes + bytes > BytesMax)
        {
            if (!EvictOne())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The model had no memory for what the budget allows: do with less.</summary>
    public void Shrink(double nowMs)
    {
        _shrunkTo = Math.Min(BytesMax, Bytes) / 8 * 7;
        _shrunkMs = nowMs;
    }

    /// <summary>Others may have given memory back: the configured budget is tried again after a while.</summary>
    public void Recover(double nowMs)
    {
        if (nowMs - _shrunkMs > ShrunkForMs)
        {
            _shrunkTo = ulong.MaxValue;
        }
    }

    public void EvictAll()
    {
        while (EvictOne())
        {
        }
    }

    public void Touch(Timeline timeline)
    {
        timeline.Clock = _clock;
        timeline.LastUsed = ++_uses;
    }

    /// <summary>Tokens that would have to be computed again if this one went.</summary>
    public int Cost(Timeline timeline)
    {
        if (timeline.Node is not { } node)
        {
            return timeline.Count;
        }

        if (node.Ends.Count > 1 || (CanTrim && node.Children.Count > 0))
        {
            return 0;
        }

        var above = node.Parent;
        while (!CanTrim && above?.Parent is not null && above.Ends.Count == 0)
        {
            above = above.Parent;
        }

        return timeline.Count - (above?.End ?? 0);
    }

    private Timeline? Acquire(ulong partition, Timeline? source, int length)
    {
        if (!MakeSlot())
        {
            return null;
        }

        while (true)
        {
            try
            {
                var slot = source is null ? model.OpenSlot() : model.ForkSlot(source.Slot, length);
                var timeline = new Timeline(partition, slot) { Count = length, Settled = length };
                timeline.Stored = source?.Stored?.UpTo(length);
                timeline.Tokens = source?.Tokens ?? [];
                _all.Add(timeline);
                Measure(timeline);
                return timeline;
            }
            catch (ModelException e) when (e.Kind == ModelFailure.NoMemory)
            {
                if (!EvictOne())
                {
                    return null;
                }
            }
        }
    }

    // GreedyDual: worth = clock at last use + weight x tokens to compute again; the clock rises to what was evicted,
    // so that many small newcomers compete among themselves long before a large one goes.
    private bool EvictOne()
    {
        Timeline? victim = null;
        var least = double.MaxValue;
        foreach (var timeline in _all)
        {
            if (timeline.Owner is not null || timeline.Pinned || timeline.InFlight > 0)
            {
                continue;
            }

            var worth = timeline.Clock + (timeline.Weight * Cost(timeline));
            if (worth < least || (worth == least && timeline.LastUsed < victim!.LastUsed))
            {
                least = worth;
                victim = timeline;
            }
        }

        if (victim is null)
        {
            return false;
        }

        _clock = Math.Max(_clock, least);
        Evictions++;
        Close(victim);
        return true;
    }

    private void CloseSuperseded(RadixNode node)
    {
        for (var above = node.Parent; above is not null; above = above.Parent)
        {
            for (var i = above.Ends.Count - 1; i >= 0; i--)
            {
                var shorter = above.Ends[i];
                if (shorter.Owner is null && !shorter.Pinned)
                {
                    Close(shorter);
                }
            }
        }
    }

    // The timeline at or below the node that is closest in length, one that is not running if there is a choice.
    private static Timeline? Nearest(RadixNode node, int length, Timeline? best)
    {
        foreach (var end in node.Ends)
        {
            if (best is null || Rank(end, length) < Rank(best, length))
            {
                best = end;
            }
        }

        foreach (var child in node.Children.Values)
        {
            best = Nearest(child, length, best);
        }

        return best;
    }

    private static long Rank(Timeline timeline, int length) =>
        (timeline.Owner is null ? 0 : 1L << 40) + (timeline.Count - length);
}
