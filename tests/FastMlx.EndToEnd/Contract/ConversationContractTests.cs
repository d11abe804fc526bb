using System.Net;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>System messages, thinking, media and counts over HTTP.</summary>
public sealed class ConversationContractTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private const string Pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==";

    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task SystemMessages_InTheMiddle_AreTaken_AndTheNextTurnExtendsThePrompt()
    {
        const string First = """
            {"role":"user","content":"SAY[[One.]]"},{"role":"system","content":"A reminder that stays in its place."}
            """;
        await _server.MessagesAsync($$"""{"model":"m","max_tokens":20,"stream":true,"messages":[{{First}}]}""");
        Answer second = await _server.PostAsync(
            "/v1/messages", $$"""
            {"model":"m","max_tokens":20,"messages":[{{First}},{"role":"assistant","content":"One."},
             {"role":"user","content":"and"},{"role":"user","content":[{"type":"text","text":"SAY[[Two.]]"}]}]}
            """);
        Assert.Equal("Two.", second.Json.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.InRange(second.Json.GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32(), 10, 1000);
    }

    [Fact]
    public async Task ClearAt_CostsNothing_BehindTheNextUserMessage()
    {
        string Body(string reminder, string more) => $$"""
            {"model":"m","messages":[{"role":"user","content":"hi"}{{reminder}}{{more}}]}
            """;
        const string Reminder =
            ",{\"role\":\"system\",\"clear_at\":\"next_user_message\",\"content\":\"A long reminder of a hundred things.\"}";
        const string Later = ",{\"role\":\"assistant\",\"content\":\"ok\"},{\"role\":\"user\",\"content\":\"next\"}";
        Assert.True(await CountAsync(Body(Reminder, "")) > await CountAsync(Body("", "")) + 5);
        Assert.Equal(await CountAsync(Body("", Later)), await CountAsync(Body(Reminder, Later)));
        string never = Reminder.Replace("next_user_message", "never", StringComparison.Ordinal);
        Assert.True(await CountAsync(Body(never, Later)) > await CountAsync(Body("", Later)) + 5);
    }

    [Theory]
    [InlineData("""{"type":"enabled","budget_tokens":2000}""", true, true)]
    [InlineData("""{"type":"enabled","budget_tokens":2000,"display":"summarized"}""", true, true)]
    [InlineData("""{"type":"enabled","budget_tokens":2000,"display":"omitted"}""", true, false)]
    [InlineData("""{"type":"adaptive"}""", true, null)]
    [InlineData("""{"type":"adaptive","display":"summarized"}""", true, true)]
    [InlineData("""{"type":"adaptive","display":"omitted"}""", true, false)]
    [InlineData("""{"type":"adaptive","display":"updates"}""", true, false)]
    [InlineData("""{"type":"disabled"}""", false, false)]
    [InlineData("null", false, false)]
    public async Task Thinking_EachForm_WithEachDisplay(string form, bool hasBlock, bool? hasText)
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            "<think>Hm, let me see.</think>Yes.", $$"""{"thinking":{{form}},"max_tokens":3000}""", stream: true));
        Assert.Equal(hasBlock ? ["thinking", "text"] : ["text"], events.Blocks());
        Assert.Equal("Yes.", events.Text());
        if (hasText is { } expected)
            Assert.Equal(expected ? "Hm, let me see." : "", events.Thinking().Trim());
    }

    [Theory]
    [InlineData("""{"type":"thinking","thinking":"Hm."}""")]
    [InlineData("""{"type":"thinking","thinking":"Hm.","signature":""}""")]
    [InlineData("""{"type":"thinking","thinking":"","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}""")]
    [InlineData("""{"type":"redacted_thinking","data":"abc"}""")]
    public async Task Thinking_WithoutOrWithForeignSignature_IsAccepted(string block)
    {
        string body = $$"""
            {"model":"m","max_tokens":2000,"stream":true,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"q"},
             {"role":"assistant","content":[{{block}},{"type":"text","text":"a"}]},{"role":"user","content":"SAY[[Fine.]]"}]}
            """;
        Assert.Equal("Fine.", (await _server.MessagesAsync(body)).Text());
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","content":"plain" """)]
    [InlineData(""","is_error":true,"content":"no such file" """)]
    public async Task ToolResult_MissingPlainOrError_IsTaken(string fields)
    {
        string body = $$"""
            {"model":"m","max_tokens":50,"stream":true,"tools":[{{Bodies.Weather}}],"messages":[{"role":"user","content":"hi"},
             {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Oslo"} }]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1"{{fields}}},{"type":"text","text":"SAY[[Thanks.]]"}]}]}
            """;
        Assert.Equal("Thanks.", (await _server.MessagesAsync(body)).Text());
    }

    [Fact]
    public async Task CountTokens_WithToolsImagesAndSystem_EqualsTheUsage()
    {
        string fields = $$"""
            "model":"m","system":[{"type":"text","text":"Be brief."}],"tools":[{{Bodies.Weather}},{{Bodies.Clock}}],"messages":[
             {"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{Pixel}}"} },
              {"type":"document","source":{"type":"text","media_type":"text/plain","data":"some text"} },{"type":"text","text":"SAY[[ok]]"}]},
             {"role":"system","content":"A reminder."}]
            """;
        Answer count = await _server.PostAsync("/v1/messages/count_tokens", "{" + fields + "}");
        Assert.Equal(["input_tokens"], count.Json.EnumerateObject().Select(p => p.Name));
        Answer message = await _server.PostAsync("/v1/messages", "{\"max_tokens\":9," + fields + "}");
        JsonElement usage = message.Json.GetProperty("usage");
        Assert.Equal(
            count.Json.GetProperty("input_tokens").GetInt32(),
            usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("cache_read_input_tokens").GetInt32()
                + usage.GetProperty("cache_creation_input_tokens").GetInt32());
    }

    [Fact]
    public async Task Effort_IsALimitOfReasoning_WhereTheTemplateHasNoWordForIt()
    {
        string thought = "<think>" + string.Concat(Enumerable.Repeat("and then another thing ", 1500)) + "</think>Done.";
        List<JsonElement> low = await _server.MessagesAsync(Bodies.Messages(
            thought, """{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"},"max_tokens":1100}""", stream: true));
        Assert.Equal("thinking", low.Blocks()[0]);
        int shown = low.End().GetProperty("usage").GetProperty("output_tokens_details").GetProperty("thinking_tokens").GetInt32();
        Assert.InRange(shown, 1000, 1030);
    }

    private async Task<int> CountAsync(string body)
    {
        Answer answer = await _server.PostAsync("/v1/messages/count_tokens", body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Json.GetProperty("input_tokens").GetInt32();
    }
}
