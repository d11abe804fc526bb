using FastMlx.Chat;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Counts bytes and allocates nothing.</summary>
internal sealed class SilentSink : IChatEventSink
{
    public long Bytes { get; private set; }

    public void Text(ReadOnlySpan<byte> utf8) => Bytes += utf8.Length;

    public void Thinking(ReadOnlySpan<byte> utf8) => Bytes += utf8.Length;

    public void ToolCallBegin(string name, string? wireId) => Bytes++;

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => Bytes += utf8Json.Length;

    public void ToolCallEnd() => Bytes++;
}
