namespace FastMlx.Chat.Output;

/// <summary>Takes the text of reasoning whose calls are cut out.</summary>
internal sealed class ThoughtSink(OutputText text) : IChatEventSink
{
    public void Text(ReadOnlySpan<byte> utf8) => text.Write(utf8);

    public void Thinking(ReadOnlySpan<byte> utf8) => text.Write(utf8);

    public void ToolCallBegin(string name, string? wireId) => throw Unwanted();

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => throw Unwanted();

    public void ToolCallEnd() => throw Unwanted();

    private static InvalidOperationException Unwanted() => new("No call is wanted here.");
}
