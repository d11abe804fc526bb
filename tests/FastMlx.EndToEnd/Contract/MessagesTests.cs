using System.Net;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>The checklist of the contract (§22), over real HTTP: messages, tools, thinking, ends.</summary>
public sealed class MessagesTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private const string Tools = $$"""{"tools":[{{Bodies.Weather}},{{Bodies.Clock}}]""";

    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Message_IsAnsweredWhole()
    {
        Answer answer = await _server.PostAsync("/v1/messages", Bodies.Messages("Hello."));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("m", answer.Json.GetProperty("model").GetString());
        Assert.Equal("Hello.", answer.Json.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("end_turn", answer.Json.GetProperty("stop_reason").GetString());
        Assert.StartsWith("req_", answer.Header("request-id"), StringComparison.Ordinal);
        Assert.Equal(
            answer.Json.GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32().ToString(),
            answer.Header("fastmlx-reused-tokens"));
    }

    [Fact]
    public async Task Stream_SaysTheSame() =>
        Assert.Equal("Hello.", (await _server.MessagesAsync(Bodies.Messages("Hello.", stream: true))).Text());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tools_AreCalled_AlsoSeveralAtOnce(bool isStream)
    {
        string both = "Looking." + SayScript.Call("get_weather", """{"city": "Oslo"}""")
            + "\n" + SayScript.Call("get_time", """{"city": "Rome"}""");
        string body = Bodies.Messages(both, Tools + "}", isStream);
        if (isStream)
        {
            List<JsonElement> events = await _server.MessagesAsync(body);
            Assert.Equal(["text", "tool_use", "tool_use"], events.Blocks());
            Assert.Equal("""{"city":"Oslo"}{"city":"Rome"}""", events.Input().Replace(" ", "", StringComparison.Ordinal));
            Assert.Equal("tool_use", events.StopReason());
            return;
        }

        Answer answer = await _server.PostAsync("/v1/messages", body);
        Assert.Equal("tool_use", answer.Json.GetProperty("stop_reason").GetString());
        Assert.Equal("Rome", answer.Json.GetProperty("content")[2].GetProperty("input").GetProperty("city").GetString());
    }

    [Fact]
    public async Task DisableParallel_LeavesOneCall()
    {
        string both = SayScript.Call("get_weather", """{"city": "Oslo"}""") + SayScript.Call("get_time", """{"city": "Rome"}""");
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            both, Tools + ""","tool_choice":{"type":"auto","disable_parallel_tool_use":true}}""", stream: true));
        Assert.Equal(["tool_use"], events.Blocks());
    }

    [Fact]
    public async Task ToolChoiceNone_HasNoCall()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            "Fine." + SayScript.Call("get_weather", "{}"), Tools + ""","tool_choice":{"type":"none"}}""", stream: true));
        Assert.DoesNotContain("tool_use", events.Blocks());
        Assert.Equal("end_turn", events.StopReason());
    }

    [Fact]
    public async Task NamedToolChoice_OpensTheCallForTheModel()
    {
        // The prompt ends with the call's opening, so the model is asked for the rest only.
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            SayScript.Call("get_weather", """{"city": "Bern"}"""),
            Tools + ""","tool_choice":{"type":"tool","name":"get_weather"}}""", stream: true));
        Assert.Equal(["tool_use"], events.Blocks());
        Assert.Contains("Bern", events.Input(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thinking_Streams_WithOneSignature_AndIsTakenBack()
    {
        const string Ask = """{"thinking":{"type":"enabled","budget_tokens":2000},"max_tokens":4000}""";
        List<JsonElement> events = await _server.MessagesAsync(
            Bodies.Messages("<think>Hm, let me see.</think>Yes.", Ask, stream: true));
        Assert.Equal(["thinking", "text"], events.Blocks());
        Assert.Equal("Hm, let me see.", events.Thinking().Trim());
        string signature = events.Where(e => e.Type() == "content_block_delta")
            .Select(e => e.GetProperty("delta")).Single(d => d.Type() == "signature_delta")
            .GetProperty("signature").GetString()!;
        string again = $$"""
            {"model":"m","max_tokens":50,"messages":[{"role":"user","content":"SAY[[<think>Hm, let me see.</think>Yes.]]"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"Hm, let me see.","signature":"{{signature}}"},{"type":"text","text":"Yes."}]},
            {"role":"user","content":"SAY[[Again.]]"}]}
            """;
        Answer answer = await _server.PostAsync("/v1/messages", again);
        Assert.Equal("Again.", answer.Json.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.True(answer.Json.GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32() > 0);
    }

    [Fact]
    public async Task ThinkingThatNobodyAskedFor_IsNotShown()
    {
        List<JsonElement> events = await _server.MessagesAsync(
            Bodies.Messages("<think>Hm.</think>Yes.", stream: true));
        Assert.Equal(["text"], events.Blocks());
    }

    [Fact]
    public async Task ThinkingBudget_EndsTheReasoning()
    {
        string thought = string.Concat(Enumerable.Repeat("and then another thing ", 400));
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            "<think>" + thought + "</think>Never said.",
            """{"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":1100}""", stream: true));
        JsonElement usage = events.End().GetProperty("usage");
        Assert.InRange(events.Thinking().Length, 100, thought.Length - 1000);
        // The script goes on as if nothing had happened, so the rest of its thought is its text.
        Assert.Equal(["thinking", "text"], events.Blocks());
        Assert.Equal("max_tokens", events.StopReason());
        Assert.InRange(usage.GetProperty("output_tokens").GetInt32(), 1024, 1100);
    }

    [Fact]
    public async Task StopSequence_IsNamed_AndNeverLeaks()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            "one two END three", """{"stop_sequences":["two END","zzz"]}""", stream: true));
        Assert.Equal("one ", events.Text());
        Assert.Equal("two END", events.End().GetProperty("delta").GetProperty("stop_sequence").GetString());
    }

    [Fact]
    public async Task MaxTokens_1_And_0()
    {
        List<JsonElement> one = await _server.MessagesAsync(Bodies.Messages("one two three", """{"max_tokens":1}""", stream: true));
        Assert.Equal("max_tokens", one.StopReason());
        Assert.Equal(1, one.End().GetProperty("usage").GetProperty("output_tokens").GetInt32());
        Answer none = await _server.PostAsync("/v1/messages", Bodies.Messages("x", """{"max_tokens":0}"""));
        Assert.Equal(0, none.Json.GetProperty("content").GetArrayLength());
        Assert.Equal("max_tokens", none.Json.GetProperty("stop_reason").GetString());
    }

    [Fact]
    public async Task MaxTokens_InsideACall_MakesNoCall()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            SayScript.Call("get_weather", """{"city": "a rather long name of a city"}"""), Tools + ""","max_tokens":12}""", stream: true));
        Assert.Equal("max_tokens", events.StopReason());
        Assert.DoesNotContain("tool_use", events.Blocks());
    }

    [Fact]
    public async Task EmojiAndCjk_ComeThroughWhole()
    {
        const string Text = "héllo 你好世界 👩‍👩‍👧 🇳🇴 end";
        Assert.Equal(Text, (await _server.MessagesAsync(Bodies.Messages(Text, stream: true))).Text());
    }

    [Fact]
    public async Task LoneSurrogates_AreReplaced()
    {
        Answer answer = await _server.PostAsync(
            "/v1/messages", """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"\ud83d SAY[[ok]]"}]}""");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task CountTokens_EqualsTheUsage()
    {
        const string More = $$"""{"system":"Be brief.","tools":[{{Bodies.Weather}}]}""";
        Answer count = await _server.PostAsync("/v1/messages/count_tokens", Bodies.Count("abc", More));
        Answer message = await _server.PostAsync("/v1/messages", Bodies.Messages("abc", More));
        JsonElement usage = message.Json.GetProperty("usage");
        int total = usage.GetProperty("input_tokens").GetInt32()
            + usage.GetProperty("cache_read_input_tokens").GetInt32()
            + usage.GetProperty("cache_creation_input_tokens").GetInt32();
        Assert.Equal(total, count.Json.GetProperty("input_tokens").GetInt32());
    }

    [Fact]
    public async Task TwentyCountsAtOnce_AllAgree()
    {
        string body = Bodies.Count("abc", $$"""{"tools":[{{Bodies.Weather}}]}""");
        Answer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => _server.PostAsync("/v1/messages/count_tokens", body)));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.Single(answers.Select(a => a.Text).Distinct());
    }

    [Fact]
    public async Task SecondRequest_ReadsTheCache_AndSaysSo()
    {
        string system = $$"""{"system":"{{string.Concat(Enumerable.Repeat("A shared beginning. ", 60))}}"}""";
        await _server.MessagesAsync(Bodies.Messages("first", system, stream: true));
        List<JsonElement> second = await _server.MessagesAsync(Bodies.Messages("second", system, stream: true));
        Assert.True(second.End().GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32() > 200);
    }

    [Fact]
    public async Task WebSearchAlone_IsAnsweredWithAText()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages(
            "x", """{"tools":[{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"tool","name":"web_search"}}""", stream: true));
        Assert.NotEqual("", events.Text());
    }
}
