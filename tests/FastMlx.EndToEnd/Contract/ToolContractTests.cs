using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Tools over HTTP: forced, strict, deferred, corrected calls, and when a call's block ends.</summary>
public sealed class ToolContractTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private const string Tools = $$"""{"tools":[{{Bodies.Weather}},{{Bodies.Clock}}]""";

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolChoiceAny_IsAlwaysACall_AndNothingBeforeIt(bool isStream)
    {
        string body = Bodies.Messages(
            SayScript.Call("get_time", """{"city": "Bern"}"""), Tools + ""","tool_choice":{"type":"any"}}""", isStream);
        if (isStream)
        {
            List<JsonElement> events = await _server.MessagesAsync(body);
            Assert.Equal(["tool_use"], events.Blocks());
            Assert.Equal("tool_use", events.StopReason());
            return;
        }

        Answer answer = await _server.PostAsync("/v1/messages", body);
        JsonElement block = Assert.Single(answer.Json.GetProperty("content").EnumerateArray());
        Assert.Equal("get_time", block.GetProperty("name").GetString());
        Assert.Equal("direct", block.GetProperty("caller").GetProperty("type").GetString());
    }

    [Fact]
    public async Task ToolChoiceAny_WithOneToolOnly_AndParallelSwitchedOff_IsOneCall()
    {
        string both = SayScript.Call("get_weather", """{"city": "Oslo"}""") + SayScript.Call("get_time", """{"city": "Rome"}""");
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            both, Tools + ""","tool_choice":{"type":"any","disable_parallel_tool_use":true}}""", stream: true));
        Assert.Equal(["tool_use"], events.Blocks());
    }

    [Fact]
    public async Task ForcedChoice_SwitchesThinkingOff_AndIsNoError()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            SayScript.Call("get_time", """{"city": "Bern"}"""),
            Tools + ""","tool_choice":{"type":"any"},"thinking":{"type":"adaptive"}}""", stream: true));
        Assert.Equal(["tool_use"], events.Blocks());
    }

    [Fact]
    public async Task StrictTool_IsTaken_AndItsInputFitsTheSchema()
    {
        const string Strict = """
            {"tools":[{"name":"book","strict":true,"input_schema":{"type":"object","additionalProperties":false,
             "required":["seats","vip"],"properties":{"seats":{"type":"integer"},"vip":{"type":"boolean"}}}}]}
            """;
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            SayScript.Call("book", """{"seats": "2", "vip": "true", "extra": 1}"""), Strict, stream: true));
        using JsonDocument input = JsonDocument.Parse(events.Input());
        Assert.Equal(2, input.RootElement.GetProperty("seats").GetInt32());
        Assert.True(input.RootElement.GetProperty("vip").GetBoolean());
        Assert.False(input.RootElement.TryGetProperty("extra", out _));
    }

    [Fact]
    public async Task Name_IsCaseCorrected_IdsAreUnique_AndNoArgumentsAreAnEmptyObject()
    {
        string calls = SayScript.Call("Get_Weather", "{}") + SayScript.Call("get_weather", "{}");
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            calls, """{"tools":[{"name":"get_weather","input_schema":{"type":"object"}}]}""", stream: true));
        List<JsonElement> blocks = [.. events.Where(e => e.Type() == "content_block_start").Select(e => e.GetProperty("content_block"))];
        Assert.Equal(2, blocks.Count);
        Assert.All(blocks, block => Assert.Equal("get_weather", block.GetProperty("name").GetString()));
        Assert.All(blocks, block => Assert.Empty(block.GetProperty("input").EnumerateObject()));
        Assert.Equal(2, blocks.Select(block => block.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal("{}{}", events.Input());
    }

    [Fact]
    public async Task DeferredTool_CostsNothing_UntilItIsReferenced_AndThenItCanBeCalled()
    {
        string deferred = Bodies.Clock.Trim()[..^1] + ",\"defer_loading\":true}";
        string plain = await CountAsync(Conversation("\"x\"", Bodies.Weather, ""));
        Assert.Equal(plain, await CountAsync(Conversation("\"x\"", $"{Bodies.Weather},{deferred}", "")));
        const string Found = """[{"type":"tool_reference","tool_name":"get_time"}]""";
        string called = Conversation(
            Found, $"{Bodies.Weather},{deferred}", SayScript.Say(SayScript.Call("get_time", """{"city": "Rome"}""")));
        Assert.NotEqual(plain, await CountAsync(called));
        List<JsonElement> events = await _server.MessagesAsync(called.Replace("\"model\"", "\"stream\":true,\"model\"", StringComparison.Ordinal));
        Assert.Equal(["tool_use"], events.Blocks());
    }

    [Theory]
    [InlineData("tool_addition")]
    [InlineData("tool_removal")]
    public async Task ToolChange_InASystemMessage_IsTaken(string change)
    {
        string body = $$"""
            {"model":"m","max_tokens":60,"stream":true,"tools":[{{Bodies.Weather}},{{Bodies.Clock}}],"messages":[
             {"role":"user","content":"SAY[[Fine.]]"},
             {"role":"system","content":[{"type":"{{change}}","tool":{"type":"tool_reference","name":"get_time"} }]}]}
            """;
        Assert.Equal("Fine.", (await _server.MessagesAsync(body)).Text());
    }

    [Fact]
    public async Task BlockOfACall_Ends_BeforeTheModelSaysAnythingElse()
    {
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace);
        string answer = SayScript.Call("get_weather", """{"city": "Oslo"}""") + "\n" + SayScript.Call("get_time", """{"city": "Rome"}""");
        using HttpResponseMessage response = await server.BeginAsync(
            "/v1/messages", Bodies.Messages(answer, Tools + "}", stream: true));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        int steps = 0;
        string? line = "";
        Task<string?> next = reader.ReadLineAsync();
        while (line != "event: content_block_stop")
        {
            // One step more wherever no line comes of the ones before.
            while (await Task.WhenAny(next, Task.Delay(50)) != next)
            {
                pace.Let(1);
                steps++;
            }

            line = await next;
            next = reader.ReadLineAsync();
        }

        pace.Open();
        List<string> rest = [];
        for (string? later = await next; later is not null; later = await reader.ReadLineAsync())
            rest.Add(later);
        Assert.Equal(
            ["content_block_stop", "content_block_start", "content_block_stop"],
            rest.Where(l => l.Contains("\"content_block_st", StringComparison.Ordinal))
                .Select(l => JsonDocument.Parse(l["data: ".Length..]).RootElement.Type()));
        Assert.InRange(steps, 5, 60);
    }

    private async Task<string> CountAsync(string body) => (await _server.PostAsync("/v1/messages/count_tokens", body)).Text;

    private static string Conversation(string result, string tools, string last) => $$"""
        {"model":"m","max_tokens":60,"tools":[{{tools}}],"messages":[{"role":"user","content":"hi"},
         {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Oslo"} }]},
         {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":{{result}}},
          {"type":"text","text":{{JsonSerializer.Serialize(last.Length == 0 ? "go on" : last)}} }]}]}
        """;
}
