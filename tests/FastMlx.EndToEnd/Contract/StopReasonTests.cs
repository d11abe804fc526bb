using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Each stop reason that this server can have. pause_turn, refusal and compaction need tools of its own.</summary>
public sealed class StopReasonTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("Fine.", "{}", "end_turn", null)]
    [InlineData("one two three four", """{"max_tokens":2}""", "max_tokens", null)]
    [InlineData("one two END three", """{"stop_sequences":["two END"]}""", "stop_sequence", "two END")]
    [InlineData("a<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"x\"}}\n</tool_call>",
        $$"""{"tools":[{{Bodies.Weather}}]}""", "tool_use", null)]
    public async Task Reason_IsTheSame_StreamedAndWhole(string say, string more, string reason, string? sequence)
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(say, more, stream: true));
        Assert.Equal(reason, events.StopReason());
        Assert.Equal(sequence, events.End().GetProperty("delta").GetProperty("stop_sequence").GetString());
        JsonElement whole = (await _server.PostAsync("/v1/messages", Bodies.Messages(say, more))).Json;
        Assert.Equal(reason, whole.GetProperty("stop_reason").GetString());
        Assert.Equal(sequence, whole.GetProperty("stop_sequence").GetString());
    }

    [Fact]
    public async Task FullContext_IsItsOwnReason()
    {
        await using TestServer small = await TestServer.ScriptedAsync(
            _ => string.Concat(Enumerable.Repeat("many words ", 600)), o => o with { ContextLength = 300 });
        List<JsonElement> events = await small.MessagesAsync(
            """{"model":"m","max_tokens":100000,"stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal("model_context_window_exceeded", events.StopReason());
    }

    [Fact]
    public async Task LittleRoom_IsTooLong_WhereTheClientWantsMore()
    {
        await using TestServer server = await TestServer.ScriptedAsync(
            SayScript.Answer, o => o with { ContextLength = 9000 });
        string text = string.Concat(Enumerable.Repeat("word ", 8300));
        Answer refused = await server.PostAsync("/v1/messages", Bodies.Messages("x", $$"""{"system":"{{text}}","max_tokens":32000}"""));
        Assert.Matches(
            @"^prompt is too long: \d+ tokens > 7976 maximum$", refused.Json.GetProperty("error").GetProperty("message").GetString());
        Answer little = await server.PostAsync("/v1/messages", Bodies.Messages("x", $$"""{"system":"{{text}}","max_tokens":20}"""));
        Assert.Equal("end_turn", little.Json.GetProperty("stop_reason").GetString());
    }

    [Fact]
    public async Task PausedTurn_OfAnotherServer_IsGoneOnWith()
    {
        const string Body = """
            {"model":"m","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"SAY[[Found.]]"},
             {"role":"assistant","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},
              {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","title":"t","url":"http://x","encrypted_content":"e","page_age":null}]}]},
             {"role":"user","content":"SAY[[Found.]]"}]}
            """;
        Assert.Equal("end_turn", (await _server.MessagesAsync(Body)).StopReason());
    }
}
