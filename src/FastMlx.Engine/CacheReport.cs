namespace FastMlx.Engine;

/// <summary>What a cache folder holds.</summary>
public sealed record CacheReport
{
    public required IReadOnlyList<CacheModelReport> Models { get; init; }

    /// <summary>
    /// Files that no server would use: cut, altered, renamed, of another version, or left half-written.
    /// </summary>
    public required IReadOnlyList<string> Damaged { get; init; }

    public int Files => Models.Sum(model => model.Files);

    public long Bytes => Models.Sum(model => model.Bytes);
}

/// <summary>
/// One model's share. The fingerprint is shortened; tokens are counted once where prefixes are shared.
/// </summary>
public sealed record CacheModelReport(string ModelType, string Fingerprint, int Files, long Tokens, long Bytes);
