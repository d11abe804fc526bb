using System.Buffers;
using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class MessagesWriterTests
{
    private static readonly ReplyUsage Usage = ReplyUsage.OfPrompt(25, 0, marksCache: false).WithOutput(15, 0);

    [Fact]
    public void Writer_TextThinkingAndTwoCalls_IsALegalStream()
    {
        var frames = new Frames();
        MessagesWriter writer = NewWriter(frames);
        writer.Start(Usage);
        writer.Thinking("Let me "u8);
        writer.Thinking("see."u8);
        writer.Text("I'll read \"both\" — 😀\n"u8);
        writer.ToolCallBegin("Read", null);
        writer.ToolCallArguments("{\"file_path\":"u8);
        writer.ToolCallArguments(" \"/a}.cs\"}"u8);
        Assert.EndsWith("{\"type\":\"content_block_stop\",\"index\":2}\n\n", frames.Text, StringComparison.Ordinal);
        writer.ToolCallEnd();
        writer.ToolCallBegin("List", null);
        writer.ToolCallEnd();
        writer.Finish(StopReason.EndTurn, null, Usage);
        Assert.Empty(StreamChecker.Check(frames.Text, "m"));
        Assert.Contains("\"stop_reason\":\"tool_use\"", frames.Text, StringComparison.Ordinal);
        Assert.Equal(frames.Text.Split("\n\n").Length - 1, frames.Ends.Count);
    }

    [Fact]
    public void Builder_TextThinkingAndCall_IsOneMessage()
    {
        var builder = new MessageBuilder(new IdSource(1), new ReplyOptions { Model = "m" });
        builder.Thinking("hm"u8);
        builder.Text("ok"u8);
        builder.ToolCallBegin("Read", null);
        builder.ToolCallArguments("{\"b\":1.0,\"a\":\"cut"u8);
        var output = new ArrayBufferWriter<byte>();
        builder.Finish(output, StopReason.MaxTokens, null, Usage);
        using var document = JsonDocument.Parse(output.WrittenMemory);
        JsonElement content = document.RootElement.GetProperty("content");
        Assert.Equal(3, content.GetArrayLength());
        Assert.Equal("{\"b\":1.0}", content[2].GetProperty("input").GetRawText());
        Assert.Equal("max_tokens", document.RootElement.GetProperty("stop_reason").GetString());
    }

    internal static MessagesWriter NewWriter(Frames frames) =>
        new(frames, new IdSource(1), new ReplyOptions { Model = "m", Signature = () => "sig" });
}
