using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

public sealed class OutputDecoderTests
{
    private static readonly OutputOptions Plain = new() { Format = OutputFormat.Find("qwen3_coder")!, Tools = SampleTools.All };

    [Theory]
    [InlineData("Hello STOP there", "STOP", "Hello ")]
    [InlineData("aSTSTOPb", "STOP", "aST")]
    [InlineData("aaab", "aab", "a")]
    [InlineData("one\n\nTwo", "\n\n", "one")]
    public void StopSequence_EndsTheText_AndNeverLeaks(string text, string stop, string expected)
    {
        string[] characters = [.. VectorRun.Characters(text)];
        var decoder = new OutputDecoder(new FakeTextDecoder(characters), Plain with { StopSequences = ["zzz", stop] });
        var sink = new Collector();
        bool stopped = false;
        for (int id = 0; id < characters.Length && !stopped; id++)
        {
            stopped = decoder.Push([id], sink);
            Assert.StartsWith(sink.Content, expected, StringComparison.Ordinal);
        }
        OutputSummary summary = decoder.Finish(isTruncated: false, sink);
        Assert.True(stopped);
        Assert.Equal(stop, summary.StopSequence);
        Assert.Equal(expected, sink.Content);
    }

    [Fact]
    public void StopSequence_ThatOnlyBegins_IsReleasedAtTheEnd()
    {
        var decoder = new OutputDecoder(new FakeTextDecoder("a", "ST"), Plain with { StopSequences = ["STOP"] });
        var sink = new Collector();
        decoder.Push([0, 1], sink);
        Assert.Equal("a", sink.Content);
        Assert.Null(decoder.Finish(isTruncated: true, sink).StopSequence);
        Assert.Equal("aST", sink.Content);
    }

    [Fact]
    public void StopSequence_IsNotLookedFor_InReasoningAndCalls()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("x STOP y</think>", "<tool_call>{\"name\":\"Bash\",\"arguments\":{\"command\":\"STOP\"}}</tool_call>"),
            Plain with { StopSequences = ["STOP"], IsThinking = true });
        var sink = new Collector();
        Assert.False(decoder.Push([0, 1], sink));
        OutputSummary summary = decoder.Finish(isTruncated: false, sink);
        Assert.Null(summary.StopSequence);
        Assert.Equal(1, summary.ToolCallCount);
        Assert.Equal("x STOP y", sink.Reasoning);
    }

    [Fact]
    public void PlainText_AllocatesNothing()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("Hello", " world", ",\n", " a < b"), Plain with { StopSequences = ["STOP", "\n\n\n"] });
        AssertSilent(decoder);
    }

    [Fact]
    public void Reasoning_AllocatesNothing()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("Hello", " world", ",\n", " a < b"), Plain with { IsThinking = true });
        AssertSilent(decoder);
    }

    [Fact]
    public void Reasoning_IsDropped_WhereNobodyAskedForIt()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("<think>plan</think>", "Done."), Plain with { ShowsThinking = false });
        var sink = new Collector();
        decoder.Push([0, 1], sink);
        decoder.Finish(isTruncated: false, sink);
        Assert.Equal(("", "Done."), (sink.Reasoning, sink.Content));
    }

    [Fact]
    public void ThinkingBudget_IsReported_AndTheForcedEndIsRead()
    {
        OutputOptions options = Plain with { IsThinking = true, ThinkingTokensMax = 3 };
        var decoder = new OutputDecoder(new FakeTextDecoder("a ", "Answer"), options);
        var sink = new Collector();
        decoder.Push([0, 0], sink);
        Assert.False(decoder.IsOverThinkingBudget);
        decoder.Push([0], sink);
        Assert.True(decoder.IsOverThinkingBudget);
        decoder.Inject(System.Text.Encoding.UTF8.GetBytes(options.Format.ThoughtClose), sink);
        Assert.False(decoder.IsOverThinkingBudget);
        decoder.Push([1], sink);
        Assert.Equal(3, decoder.Finish(isTruncated: false, sink).ThinkingTokens);
        Assert.Equal("Answer", sink.Content);
    }

    [Fact]
    public void Calls_StopTheAnswer_WhenAsManyCameAsWereWanted()
    {
        const string call = "<tool_call>{\"name\":\"ping\",\"arguments\":{}}</tool_call>";
        var decoder = new OutputDecoder(
            new FakeTextDecoder(call), Plain with { Calls = new CallPolicy { CountMax = 1 } });
        var sink = new Collector();
        Assert.True(decoder.Push([0, 0], sink));
        Assert.Equal(1, decoder.Finish(isTruncated: false, sink).ToolCallCount);
        Assert.Single(sink.Calls);
    }

    [Fact]
    public void Calls_Vanish_WhereNoneAreWanted()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("Hi <tool_call>{\"name\":\"ping\",\"arguments\":{}}</tool_call>"),
            Plain with { Calls = new CallPolicy { CountMax = 0 } });
        var sink = new Collector();
        decoder.Push([0], sink);
        Assert.Equal(0, decoder.Finish(isTruncated: false, sink).ToolCallCount);
        Assert.Equal("Hi", sink.Content);
    }

    [Fact]
    public void CutCall_IsReported_AndNotDelivered()
    {
        var decoder = new OutputDecoder(
            new FakeTextDecoder("<tool_call>\n<function=Write>\n<parameter=file_path>\na\n</parameter>\n<parameter=content>\nhal"),
            Plain);
        var sink = new Collector();
        decoder.Push([0], sink);
        OutputSummary summary = decoder.Finish(isTruncated: true, sink);
        Assert.Equal(new TruncatedCall("Write", null, "{\"file_path\": \"a\"}"), summary.TruncatedCall);
        Assert.Empty(sink.Calls);
        Assert.Equal(0, summary.ToolCallCount);
    }

    private static void AssertSilent(OutputDecoder decoder)
    {
        var sink = new SilentSink();
        int[] ids = [0, 1, 2, 3];
        for (int warm = 0; warm < 200; warm++)
            decoder.Push(ids, sink);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 2_500; round++)
            decoder.Push(ids, sink);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sink.Bytes > 10_000);
    }
}
