using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>Passes an answer on and lets its memory see the text.</summary>
internal sealed class RememberingSink(IReply reply, AnswerMemory memory) : IChatEventSink
{
    public void Text(ReadOnlySpan<byte> utf8)
    {
        memory.AddText(utf8);
        reply.Text(utf8);
    }

    public void Thinking(ReadOnlySpan<byte> utf8) => reply.Thinking(utf8);

    public void ToolCallBegin(string name, string? wireId) => reply.ToolCallBegin(name, wireId);

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => reply.ToolCallArguments(utf8Json);

    public void ToolCallEnd() => reply.ToolCallEnd();

    public void ToolCallCut() => reply.ToolCallCut();
}
