using System.Text;
using System.Text.Json;
using FastMlx.Cli;
using FastMlx.Cli.Talk;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class StreamedAnswerTests
{
    private const string Stream = """
        event: message_start
        data: {"type":"message_start","message":{"usage":{"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":1}}}

        event: ping
        data: {"type":"ping"}

        data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
        data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}
        data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}
        data: {"type":"content_block_stop","index":0}
        data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
        data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Él "}}
        data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"says"}}
        data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{}}}
        data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"p\":"}}
        data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}
        data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}
        data: {"type":"message_stop"}

        """;

    private static async Task<(StreamedAnswer Answer, string Shown)> ReadAsync(string stream)
    {
        var shown = new StringBuilder();
        var answer = new StreamedAnswer(piece => shown.Append(piece), piece => shown.Append('[').Append(piece).Append(']'));
        await answer.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(stream)), TestContext.Current.CancellationToken);
        return (answer, shown.ToString());
    }

    [Fact]
    public async Task Answer_GoesBackAsItCame()
    {
        (StreamedAnswer answer, string shown) = await ReadAsync(Stream);
        Assert.Equal("[hm]Él says", shown);
        Assert.Equal("tool_use", answer.StopReason);
        Assert.Equal((7, 3, 9), (answer.InputTokens, answer.CachedTokens, answer.OutputTokens));
        Assert.Equal([new ToolCall("toolu_1", "Read", "{\"p\":1}")], answer.Calls);

        var conversation = new Conversation("m", 5) { Instructions = "be", Tools = "[]" };
        conversation.AddUser("q");
        conversation.AddAnswer(answer);
        conversation.AddResults([("toolu_1", "r\n")]);
        using JsonDocument body = JsonDocument.Parse(conversation.Body());
        using JsonDocument expected = JsonDocument.Parse("""
            {"model":"m","max_tokens":5,"stream":true,"system":"be","tools":[],"messages":[
            {"role":"user","content":"q"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"Él says"},
            {"type":"tool_use","id":"toolu_1","name":"Read","input":{"p":1}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"r\n"}]}]}
            """);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, body.RootElement), body.RootElement.GetRawText());
    }

    [Fact]
    public async Task BrokenOffStream_IsNoAnswer()
    {
        var error = await Assert.ThrowsAsync<CliException>(() => ReadAsync(Stream.Replace("message_stop", "ping")));
        Assert.Equal(ExitCode.Network, error.ExitCode);
    }

    [Fact]
    public async Task ErrorEvent_SaysWhatTheServerSaid()
    {
        var error = await Assert.ThrowsAsync<CliException>(() => ReadAsync(
            "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy.\"}}\n\n"));
        Assert.Equal("Busy.", error.Message);
    }
}
