using FastMlx.Engine.Disk;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// Moves state between slots and the disk tier: saves what is cached and not yet stored, one chunk a call and only when
/// the engine is idle, and brings stored prefixes back for waiting sequences, one sequence at a time.
/// </summary>
internal sealed class Archive(IModel model, TimelineTable table, DiskTier tier)
{
    private const long ChunkBytes = 32 << 20;
    private const long PayloadBytesMax = 512 << 20;

    /// <summary>Fewer tokens are computed faster than they are stored or fetched.</summary>
    private const int LeastTokens = 16;

    /// <summary>Rows of a tail: they are written again when the timeline goes on.</summary>
    private const int TailTokensMax = 256;

    /// <summary>The one sequence whose state is on its way.</summary>
    public Sequence? Restoring { get; private set; }

    public bool HasResults => tier.HasResults;

    public void Poll() => tier.Poll();

    /// <summary>Hands one chunk to the disk; false where there is nothing to save or the disk is behind.</summary>
    public bool SaveOne()
    {
        if (!tier.CanSave)
        {
            return false;
        }

        Timeline? chosen = null;
        foreach (var timeline in table.All)
        {
            if (timeline.Owner is null && timeline.InFlight == 0 && !timeline.IsUnsavable && NeedsSaving(timeline)
                && (chosen is null || timeline.Weight > chosen.Weight))
            {
                chosen = timeline;
            }
        }

        if (chosen is null)
        {
            return false;
        }

        try
        {
            Save(chosen);
        }
        catch (ModelException)
        {
            chosen.IsUnsavable = true;
        }

        return true;
    }

    /// <summary>
    /// Brings state from the disk for a waiting sequence. True where it has to wait; then, when it is there, false and
    /// the timeline. False and null where the disk has nothing better than <paramref name="have"/> tokens.
    /// </summary>
    public bool MustWait(Sequence sequence, int have, out Timeline? restored)
    {
        restored = null;
        if (sequence.Restore is null)
        {
            return !sequence.AskedDisk && Ask(sequence, have);
        }

        var restore = sequence.Restore;
        while (!restore.IsDone && !restore.HasFailed)
        {
            var chunk = restore.Next;
            if (tier.Take(restore) is not { } payload)
            {
                return true; // Its arrival wakes the engine.
            }

            if (!TryLoad(sequence, chunk, payload))
            {
                restore.HasFailed = true;
            }
        }

        restored = sequence.Timeline;
        End(sequence);
        if (restored is not null && !IsComplete(restored))
        {
            table.Close(restored);
            restored = null;
        }

        return false;
    }

    /// <summary>The sequence ends, or starts without it: what has arrived stays cached.</summary>
    public void Abandon(Sequence sequence)
    {
        if (sequence.Restore is null)
        {
            return;
        }

        var timeline = sequence.Timeline;
        End(sequence);
        if (timeline is null)
        {
            return;
        }

        if (IsComplete(timeline))
        {
            table.Keep(timeline, sequence.Weight);
        }
        else
        {
            table.Close(timeline);
        }
    }

    /// <summary>The slots are gone with their model.</summary>
    public void Forget()
    {
        if (Restoring is { } sequence)
        {
            End(sequence);
            sequence.AskedDisk = false;
        }
    }

    private bool Ask(Sequence sequence, int have)
    {
        var tokens = sequence.Tokens.AsSpan(0, sequence.Known);
        var restore = tier.Find(sequence.Request.Partition, tokens, sequence.Known - 1, table.CanTrim);
        if (restore is null || restore.Length < have + LeastTokens)
        {
            sequence.AskedDisk = true;
            return false;
        }

        if (Restoring is not null)
        {
            return true; // One at a time: the disk is not faster for two.
        }

        sequence.AskedDisk = true;
        sequence.Restore = restore;
        Restoring = sequence;
        tier.Begin(restore);
        return true;
    }

    private void End(Sequence sequence)
    {
        tier.End(sequence.Restore!);
        sequence.Restore = null;
        sequence.Timeline = null;
        Restoring = null;
    }

    private bool TryLoad(Sequence sequence, StoredChunk chunk, byte[] payload)
    {
        try
        {
            if (chunk.Header.Kind == ChunkKind.Whole)
            {
                return TryLoadWhole(sequence, chunk, payload);
            }

            sequence.Timeline ??= Open(sequence);
            var timeline = sequence.Timeline;
            if (timeline is null || !table.MakeRoom((ulong)payload.Length))
            {
                return false;
            }

            if (!model.LoadRows(timeline.Slot, payload))
            {
                tier.Refuse(chunk);
                return false;
            }

            Extend(timeline, chunk);
            return true;
        }
        catch (ModelException)
        {
            return false;
        }
    }

    // Rows alone do not make a state that has other parts.
    private bool IsComplete(Timeline timeline) =>
        table.CanTrim || timeline.Stored is { Header.Kind: not ChunkKind.Rows };

    private Timeline? Open(Sequence sequence)
    {
        var timeline = table.Open(sequence.Request.Partition);
        if (timeline is not null)
        {
            timeline.Owner = sequence;
        }

        return timeline;
    }

    private bool TryLoadWhole(Sequence sequence, StoredChunk chunk, byte[] payload)
    {
        if (!table.MakeSlot() || !table.MakeRoom((ulong)payload.Length))
        {
            return false;
        }

        var slot = model.LoadSlot(payload);
        if (slot < 0)
        {
            tier.Refuse(chunk);
            return false;
        }

        sequence.Timeline = table.Adopt(slot, sequence.Request.Partition, [], 0);
        sequence.Timeline.Owner = sequence;
        Extend(sequence.Timeline, chunk);
        return true;
    }

    // The last chunk may hold tokens beyond what the prompt shares, so the timeline gets tokens of its own.
    private void Extend(Timeline timeline, StoredChunk chunk)
    {
        var tokens = new int[chunk.End];
        timeline.Tokens.AsSpan(0, chunk.First).CopyTo(tokens);
        chunk.Header.Tokens.CopyTo(tokens, chunk.First);
        timeline.Tokens = tokens;
        timeline.Count = chunk.End;
        timeline.Settled = chunk.End;
        timeline.Stored = chunk;
        table.Measure(timeline);
    }

    private bool NeedsSaving(Timeline timeline)
    {
        if (timeline.Stored is { IsGone: true })
        {
            // Evicted for something newer: writing it again would only evict that in turn, for ever.
            timeline.IsUnsavable = true;
            return false;
        }

        timeline.Stored = timeline.Stored?.UpTo(timeline.Count);
        var stored = timeline.Stored is not null && IsComplete(timeline) ? timeline.Stored.End : 0;
        var least = model.CanSaveRows || !table.CanTrim ? LeastTokens : Math.Max(LeastTokens * 8, stored / 8);
        return timeline.Count - stored >= least;
    }

    private void Save(Timeline timeline)
    {
        var (kind, parent, count) = Next(timeline);
        var first = parent?.End ?? 0;
        var tokens = timeline.Tokens.AsSpan(0, timeline.Count);

        // Rows of a state with other parts end before the timeline does: its tail holds at least one row.
        var known = kind == ChunkKind.Rows && !table.CanTrim ? tokens[..^1] : tokens;
        if (tier.Continuation(parent, timeline.Partition, kind, known) is { } stored)
        {
            timeline.Stored = stored;
            return;
        }

        var bytes = kind == ChunkKind.Whole
            ? model.SavedSize(timeline.Slot)
            : model.SavedRowsSize(timeline.Slot, first, count);
        if (bytes is <= 0 or > PayloadBytesMax)
        {
            timeline.IsUnsavable = true;
            return;
        }

        var payload = GC.AllocateUninitializedArray<byte>((int)bytes);
        if (kind == ChunkKind.Whole)
        {
            model.SaveSlot(timeline.Slot, payload);
        }
        else
        {
            model.SaveRows(timeline.Slot, first, count, payload);
        }

        timeline.Stored = tier.Save(parent, timeline.Partition, kind, tokens.Slice(first, count), payload);
    }

    // What is to be saved next, what it continues, and how many tokens it has.
    private (ChunkKind Kind, StoredChunk? Parent, int Count) Next(Timeline timeline)
    {
        if (!model.CanSaveRows)
        {
            return (ChunkKind.Whole, null, timeline.Count);
        }

        if (table.CanTrim)
        {
            var left = timeline.Count - (timeline.Stored?.End ?? 0);
            return (ChunkKind.Rows, timeline.Stored, Math.Min(left, ChunkTokens));
        }

        if (model.Info.StateBytesPerToken == 0)
        {
            return (ChunkKind.Tail, null, timeline.Count); // Nothing is in rows.
        }

        var trunk = timeline.Stored?.UpTo(timeline.Count - 1);
        trunk = trunk is { Header.Kind: ChunkKind.Tail } ? trunk.Parent : trunk;
        var rest = timeline.Count - (trunk?.End ?? 0);
        var grain = Math.Min(ChunkTokens, TailTokensMax);
        var grains = Math.Min(ChunkTokens, (rest - 1) / grain * grain);
        return grains > 0 ? (ChunkKind.Rows, trunk, grains) : (ChunkKind.Tail, trunk, rest);
    }

    private int ChunkTokens => (int)Math.Clamp(
        ChunkBytes / Math.Max(1, (long)model.Info.StateBytesPerToken),
        Math.Min(64, tier.ChunkTokensMax),
        tier.ChunkTokensMax);
}
