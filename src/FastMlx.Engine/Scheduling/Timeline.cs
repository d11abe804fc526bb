using FastMlx.Engine.Disk;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// A slot of the model and the tokens its state holds. Running while it has an owner, cached otherwise.
/// </summary>
internal sealed class Timeline(ulong partition, int slot)
{
    public ulong Partition { get; } = partition;

    public int Slot { get; } = slot;

    /// <summary>[0, Count) are in the slot or on their way into it; shared with the owner, append-only.</summary>
    public int[] Tokens { get; set; } = [];

    public int Count { get; set; }

    /// <summary>[0, Settled) were computed by steps that have finished. Invariant: Settled &lt;= Count.</summary>
    public int Settled { get; set; }

    /// <summary>Steps in flight with a row of this slot; the slot must not be touched until there are none.</summary>
    public int InFlight { get; set; }

    public Sequence? Owner { get; set; }

    /// <summary>Taken as the source of a fork that is being made: not to be evicted.</summary>
    public bool Pinned { get; set; }

    public ulong Bytes { get; set; }

    /// <summary>Tokens of it whose bytes are estimated, not measured.</summary>
    public int Estimated { get; set; }

    /// <summary>The eviction clock when it was last used, and what a token of it is worth.</summary>
    public double Clock { get; set; }

    public double Weight { get; set; } = 1;

    public long LastUsed { get; set; }

    /// <summary>Where it ends in the radix tree; null while it is not indexed.</summary>
    public RadixNode? Node { get; set; }

    /// <summary>The last chunk of it that the disk holds; null for none.</summary>
    public StoredChunk? Stored { get; set; }

    /// <summary>Its state could not be saved; not to be tried again.</summary>
    public bool IsUnsavable { get; set; }
}
