namespace FastMlx.Chat.Output;

/// <summary>Takes the text of reasoning whose calls are cut out.</summary>
internal sealed class ThoughtSink(OutputText text) : IChatEventSink
{
    public void Text(ReadOnlySpan<byte> utf8) => text.Write(utf8);

    public void Thinking(ReadOnlySpan<byte> utf8) => text.Write(utf8);

    public void ToolCallBegin(string name, string? wireId) => throw new InvalidOperationException("No call is wanted.");

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => throw new InvalidOperationException("No call is wanted.");

    public void ToolCallEnd() => throw new InvalidOperationException("No call is wanted.");
}
