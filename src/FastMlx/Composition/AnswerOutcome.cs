using FastMlx.Api;
using FastMlx.Chat.Output;

namespace FastMlx.Composition;

/// <summary>How an answer ended: a reason, or an error.</summary>
internal sealed record AnswerOutcome(StopReason? Reason, ApiError? Error, OutputSummary? Summary);
