namespace FastMlx.Engine;

/// <summary>One generation that has ended, for /stats: what it cost and why. No token of it is kept.</summary>
public sealed record RecentRequest
{
    public required string? Session { get; init; }
    public required Lane Lane { get; init; }
    public required FinishReason FinishReason { get; init; }
    public string? Failure { get; init; }
    public required GenerationStats Stats { get; init; }

    /// <summary>When it ended, on the clock of <see cref="EngineLoop.NowMs"/>.</summary>
    public required double EndedMs { get; init; }
}
