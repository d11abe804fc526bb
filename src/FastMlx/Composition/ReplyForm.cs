using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>How an answer is written: over an event stream, or whole.</summary>
internal sealed record ReplyForm(
    bool IsStream, Func<EventStream, AnswerMemory, IReply> Stream, Func<AnswerMemory, IWholeReply> Whole);
