using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>Passes an answer on and lets its memory see the text.</summary>
internal sealed class RememberingSink(IChatEventSink target, AnswerMemory memory) : IChatEventSink
{
    public void Text(ReadOnlySpan<byte> utf8)
    {
        memory.AddText(utf8);
        target.Text(utf8);
    }

    public void Thinking(ReadOnlySpan<byte> utf8) => target.Thinking(utf8);

    public void ToolCallBegin(string name, string? wireId) => target.ToolCallBegin(name, wireId);

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => target.ToolCallArguments(utf8Json);

    public void ToolCallEnd() => target.ToolCallEnd();

    public void ToolCallCut() => target.ToolCallCut();
}
