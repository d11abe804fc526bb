namespace FastMlx.Api;

/// <summary>Where a batch stands: in_progress → (canceling) → ended.</summary>
public enum BatchStatus
{
    InProgress,
    Canceling,
    Ended,
}
