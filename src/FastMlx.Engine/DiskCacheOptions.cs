namespace FastMlx.Engine;

/// <summary>The disk tier's folder and budget.</summary>
public sealed record DiskCacheOptions
{
    /// <summary>Created with 0700 where it is missing.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// What the state belongs to beside tokens: a hash over the model's files and the engine's version. States of
    /// different fingerprints never meet.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <summary>Most bytes of all files together, over all models.</summary>
    public long BytesMax { get; init; } = 20L << 30;

    /// <summary>Makes renames in a folder durable (fsync of a directory); .NET has no call for it.</summary>
    public Action<string>? SyncFolder { get; init; }
}
