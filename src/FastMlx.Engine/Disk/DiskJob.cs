namespace FastMlx.Engine.Disk;

/// <summary>One order to the disk thread, and its outcome on the way back. One owner at a time: who holds it.</summary>
internal sealed class DiskJob(DiskJobKind kind, StoredChunk chunk)
{
    public DiskJobKind Kind { get; } = kind;

    public StoredChunk Chunk { get; } = chunk;

    /// <summary>To be written, or what was read and verified.</summary>
    public byte[]? Payload { get; set; }

    /// <summary>The restore a read belongs to, and the chunk's place in its chain.</summary>
    public Restore? Restore { get; init; }

    public int Place { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Failure { get; set; }

    /// <summary>The file itself is bad, not the disk: it must go.</summary>
    public bool IsDamaged { get; set; }
}
