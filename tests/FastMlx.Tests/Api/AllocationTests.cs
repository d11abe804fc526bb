using FastMlx.Api;
using FastMlx.Chat;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>A token of a stream costs no allocation, in any kind of block and on either API.</summary>
public sealed class AllocationTests
{
    private const int Deltas = 10_000;
    private static readonly byte[] Token = "tok\"en\n 漢 😀 \u2028"u8.ToArray();

    [Fact]
    public void MessagesText_AllocatesNothingPerDelta()
    {
        (Frames frames, MessagesWriter writer) = NewMessages();
        AssertNone(frames, () => writer.Text(Token));
    }

    [Fact]
    public void MessagesThinking_AllocatesNothingPerDelta()
    {
        (Frames frames, MessagesWriter writer) = NewMessages();
        AssertNone(frames, () => writer.Thinking(Token));
    }

    [Fact]
    public void MessagesArguments_AllocateNothingPerDelta()
    {
        (Frames frames, MessagesWriter writer) = NewMessages();
        writer.ToolCallBegin("a", null);
        writer.ToolCallArguments("{\"x\":[0"u8);
        AssertNone(frames, () => writer.ToolCallArguments(",\"a\\n\""u8));
    }

    [Fact]
    public void PingsAndProgress_AllocateNothing()
    {
        (Frames frames, MessagesWriter writer) = NewMessages();
        AssertNone(frames, () => { writer.Ping(); writer.Progress(3); });
    }

    [Fact]
    public void ChatText_AllocatesNothingPerDelta()
    {
        (Frames frames, ChatCompletionWriter writer) = NewChat();
        AssertNone(frames, () => writer.Text(Token));
    }

    [Fact]
    public void ChatArguments_AllocateNothingPerDelta()
    {
        (Frames frames, ChatCompletionWriter writer) = NewChat();
        ((IChatEventSink)writer).ToolCallBegin("a", null);
        AssertNone(frames, () => writer.ToolCallArguments("1"u8));
    }

    private static (Frames, MessagesWriter) NewMessages()
    {
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), new ReplyOptions { Model = "m" });
        writer.Start(default);
        return (frames, writer);
    }

    private static (Frames, ChatCompletionWriter) NewChat()
    {
        var frames = new Frames();
        var writer = new ChatCompletionWriter(frames, new IdSource(1), new CompletionOptions { Model = "m", Created = 1, IncludesUsage = true });
        writer.Start();
        return (frames, writer);
    }

    private static void AssertNone(Frames frames, Action delta)
    {
        for (int i = 0; i < 100; i++)
            Once();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Deltas; i++)
            Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Once()
        {
            delta();
            frames.Clear();
        }
    }
}
