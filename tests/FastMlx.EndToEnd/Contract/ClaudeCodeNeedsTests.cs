using System.Net;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>What the real CLI needs beyond the contract (claude-code-client.md §12), over HTTP.</summary>
public sealed class ClaudeCodeNeedsTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task ThirtyStreamsAtOnce_AreAllAnswered()
    {
        List<JsonElement>[] all = await Task.WhenAll(Enumerable.Range(0, 30).Select(
            i => _server.MessagesAsync(Bodies.Messages($"answer {i}", stream: true))));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"answer {i}"), all.Select(events => events.Text()));
        Assert.Equal(30, all.Select(events => events[0].GetProperty("message").GetProperty("id").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task Body_OfThirtyTwoMegabytes_IsTaken()
    {
        string filler = new('x', 31 << 20);
        Answer answer = await _server.PostAsync(
            "/v1/messages", Bodies.Messages("ok").Replace("\"model\"", $"\"filler\":\"{filler}\",\"model\"", StringComparison.Ordinal));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
    }

    [Fact]
    public async Task UnknownFieldsBetasAndBlocks_AreTaken()
    {
        const string Body = """
            {"model":"m","max_tokens":30,"stream":true,"a_new_field":{"x":[1]},"messages":[
             {"role":"user","content":[{"type":"text","text":"SAY[[Fine.]]","new":true},{"type":"brand_new_block","text":"shown"}],"extra":1}]}
            """;
        Assert.Equal("Fine.", (await _server.MessagesAsync(Body, ("anthropic-beta", "never-heard-2030-01-01,other"))).Text());
    }

    [Fact]
    public async Task Usage_IsWholeInStartAndEnd_AndAddsUp()
    {
        List<JsonElement> events = await _server.MessagesAsync(Bodies.Messages("Hello.", stream: true));
        JsonElement start = events[0].GetProperty("message").GetProperty("usage");
        JsonElement end = events.End().GetProperty("usage");
        foreach (string name in (string[])["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"])
            Assert.Equal(start.GetProperty(name).GetInt32(), end.GetProperty(name).GetInt32());
        Assert.True(start.GetProperty("input_tokens").GetInt32() >= 1);
        Assert.True(end.GetProperty("output_tokens").GetInt32() >= 1);
    }

    [Fact]
    public async Task EveryAnswer_HasARequestId_AlsoErrors()
    {
        Assert.All(
            (Answer[])[
                await _server.PostAsync("/v1/messages", Bodies.Messages("x")),
                await _server.PostAsync("/v1/messages", "{"),
                await _server.PostAsync("/v1/messages/count_tokens", "{}"),
                await _server.GetAsync("/v1/messages/batches"),
                await _server.GetAsync("/nowhere"),
            ],
            answer => Assert.StartsWith("req_", answer.Header("request-id"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Discovery_FindsAnIdThatPassesItsFilter_WithAName()
    {
        Answer list = await _server.GetAsync("/v1/models?limit=1000", ("anthropic-version", "2023-06-01"));
        List<JsonElement> kept = [.. list.Json.GetProperty("data").EnumerateArray().Where(m =>
            m.GetProperty("id").GetString()!.Contains("claude", StringComparison.OrdinalIgnoreCase))];
        Assert.NotEmpty(kept);
        Assert.All(kept, m => Assert.NotEqual("", m.GetProperty("display_name").GetString()));
        Assert.Contains(kept, m => !m.GetProperty("id").GetString()!.StartsWith("claude-", StringComparison.Ordinal));
        foreach (JsonElement model in kept)
        {
            Answer one = await _server.PostAsync(
                "/v1/messages", Bodies.Messages("x").Replace("\"m\"", model.GetProperty("id").GetRawText(), StringComparison.Ordinal));
            Assert.Equal(model.GetProperty("id").GetString(), one.Json.GetProperty("model").GetString());
        }
    }

    [Fact]
    public async Task SchemaOfAnAnswer_NeverFailsTheRequest()
    {
        const string Title = """
            {"tools":[],"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"title":{"type":"string"}},
             "required":["title"],"additionalProperties":false}}}}
            """;
        string text = (await _server.MessagesAsync(Bodies.Messages("""{"title": "A title"}""", Title, stream: true))).Text();
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal("A title", document.RootElement.GetProperty("title").GetString());
    }

    [Fact]
    public async Task ImageForATextModel_IsANoteInThePrompt()
    {
        const string Image = """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}""";
        string With(string block) =>
            $$"""{"model":"m","messages":[{"role":"user","content":[{{block}}{"type":"text","text":"what is this"}]}]}""";
        int without = await CountAsync(With(""));
        int with = await CountAsync(With(Image + ","));
        Assert.InRange(with - without, 3, 40);
    }

    [Fact]
    public async Task Queue_WaitsInsteadOfRefusing()
    {
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, limits: o => o with { MaxRunning = 1 });
        Answer[] all = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(i => server.PostAsync("/v1/messages", Bodies.Messages($"turn {i}"))));
        Assert.All(all, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
    }

    private async Task<int> CountAsync(string body) =>
        (await _server.PostAsync("/v1/messages/count_tokens", body)).Json.GetProperty("input_tokens").GetInt32();
}
