using System.Text;
using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class CompletionTests
{
    private static readonly ReplyUsage Usage = new(4, 0, 0, 2, 0);

    [Theory]
    [InlineData("\"once\"", "once")]
    [InlineData("[\"a\",\"b\"]", "a|b")]
    [InlineData("[1,2,3]", "#1,2,3")]
    [InlineData("[[1,2],[3]]", "#1,2|#3")]
    [InlineData("\"\"", "")]
    public void Prompts_OfEachShape_AreRead(string prompt, string expected)
    {
        CompletionRequest request = Read($"{{\"model\":\"m\",\"prompt\":{prompt}}}");
        Assert.Equal(expected, string.Join('|', request.Prompts.Select(item => item.Text ?? "#" + string.Join(',', item.Tokens!))));
        Assert.Equal(16, request.MaxTokens);
    }

    [Theory]
    [InlineData("{\"model\":\"m\"}", "prompt: Field required")]
    [InlineData("{\"model\":\"m\",\"prompt\":5}", "prompt: ")]
    [InlineData("{\"model\":\"m\",\"prompt\":[-1]}", "prompt: ")]
    [InlineData("{\"model\":\"m\",\"prompt\":[]}", "prompt: ")]
    [InlineData("{\"model\":\"m\",\"prompt\":\"x\",\"n\":2}", "n: ")]
    [InlineData("{\"model\":\"m\",\"prompt\":\"x\",\"best_of\":3}", "best_of: ")]
    [InlineData("{\"model\":\"m\",\"prompt\":\"x\",\"logprobs\":6}", "logprobs: ")]
    public void BadRequests_AreRefused(string body, string message)
    {
        Assert.False(CompletionReader.TryRead(Encoding.UTF8.GetBytes(body), ReaderOptions.Default, out _, out ApiError? error));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_AreRead()
    {
        CompletionRequest request = Read(
            "{\"model\":\"m\",\"prompt\":\"x\",\"max_tokens\":0,\"echo\":true,\"logprobs\":1,\"suffix\":\"s\",\"stop\":[\"a\"],\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true}}");
        Assert.True(request is { MaxTokens: 0, Echo: true, Logprobs: 1, Suffix: "s", Stream: true, IncludesUsage: true });
    }

    [Fact]
    public void Stream_InterleavesChoices()
    {
        var frames = new Frames();
        var writer = new CompletionWriter(frames, new IdSource(1), new CompletionOptions { Model = "m", Created = 7, IncludesUsage = true });
        writer.Text("a"u8);
        writer.Choice = 1;
        writer.Text("b"u8);
        writer.Ping();
        writer.FinishChoice(StopReason.EndTurn);
        writer.Choice = 0;
        writer.FinishChoice(StopReason.MaxTokens);
        writer.Finish(Usage);
        var violations = new List<string>();
        List<SseEvent> events = SseEvent.Parse(frames.Text, violations);
        Assert.Empty(violations);
        Assert.Equal("[DONE]", events[^1].Data);
        var texts = new string[2];
        var ends = new List<string>();
        foreach (SseEvent item in events.Where(item => !item.IsComment && item.Data != "[DONE]"))
        {
            using var chunk = JsonDocument.Parse(item.Data!);
            foreach (JsonElement choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
            {
                texts[choice.GetProperty("index").GetInt32()] += choice.GetProperty("text").GetString();
                if (choice.GetProperty("finish_reason").GetString() is { } reason)
                    ends.Add(choice.GetProperty("index").GetInt32() + reason);
            }
        }
        Assert.Equal(["a", "b"], texts);
        Assert.Equal(["1stop", "0length"], ends);
    }

    [Fact]
    public void Whole_HasLogprobsAsParallelLists()
    {
        var builder = new CompletionBuilder(new IdSource(1), new CompletionOptions { Model = "m", Created = 7, Logprobs = true });
        builder.FirstToken(new TokenLogprob("He"u8.ToArray(), 0, []));
        builder.Text("He"u8);
        builder.TokenLogprobs(new TokenLogprob("llo"u8.ToArray(), -0.25f, [new TokenLogprob("llo"u8.ToArray(), -0.25f, []), new TokenLogprob("y"u8
            .ToArray(), float.NegativeInfinity, [])]));
        builder.Text("llo"u8);
        builder.FinishChoice(StopReason.MaxTokens);
        string body = ApiBodies.Text(output => builder.Finish(output, Usage));
        Assert.Contains(
            "\"logprobs\":{\"tokens\":[\"He\",\"llo\"],\"token_logprobs\":[null,-0.25],\"top_logprobs\":[null,{\"llo\":-0.25,\"y\":-9999}],"
                + "\"text_offset\":[0,2]}",
            body,
            StringComparison.Ordinal);
        using var document = JsonDocument.Parse(body);
        Assert.Equal("Hello", document.RootElement.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal("length", document.RootElement.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(6, document.RootElement.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    private static CompletionRequest Read(string body)
    {
        Assert.True(CompletionReader.TryRead(Encoding.UTF8.GetBytes(body), ReaderOptions.Default, out CompletionRequest? request, out ApiError? error),
            error?.Message);
        return request;
    }
}
