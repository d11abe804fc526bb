namespace FastMlx.Api;

/// <summary>A batch as the API shows it. Counts of finished requests are told only when all have ended.</summary>
public sealed record BatchInfo
{
    public required string Id { get; init; }

    public required BatchStatus Status { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? CancelInitiatedAt { get; init; }

    public required int RequestCount { get; init; }

    public int Succeeded { get; init; }

    public int Errored { get; init; }

    public int Canceled { get; init; }

    public int Expired { get; init; }
}
