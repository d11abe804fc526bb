namespace FastMlx.Hub;

/// <summary>
/// One model of the cache. <see cref="Bytes"/> is what it takes on the disk, unfinished downloads included.
/// </summary>
public sealed record CachedModel(ModelName Name, string Directory, string? Commit, long Bytes, bool IsComplete,
    DateTimeOffset Modified);
