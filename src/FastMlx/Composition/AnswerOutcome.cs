using FastMlx.Api;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>How an answer ended: a reason, or an error; its counts and times.</summary>
internal sealed record AnswerOutcome(
    StopReason? Reason, ApiError? Error, GenerationStats Stats, ReplyUsage Usage)
{
    /// <summary>What the engine said of a failure; for the log.</summary>
    public string? Failure { get; init; }
}
