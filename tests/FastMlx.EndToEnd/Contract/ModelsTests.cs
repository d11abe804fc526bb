using System.Net;
using System.Text.Json;
using FastMlx.Composition;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests.Api;
using FastMlx.Tests.Http;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>A server of several models: who answers, what is loaded when, what those who wait see.</summary>
public sealed class ModelsTests
{
    private const string Big = "org/Big-8bit";
    private const string Small = "org/Small-4bit";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static TestServer Server(FakeLoads loads, long budget = 100, FakeTime? time = null) => TestServer.Several(
        loads,
        o => o with
        {
            ModelAliases = [("haiku", Small), ("fast", Small)],
            MemoryBytes = budget,
        },
        time);

    private static string Body(string model, string answer = "hi", bool stream = false) =>
        Bodies.Messages(answer, $$"""{"model":"{{model}}"}""", stream);

    private static string TextOf(Answer answer) =>
        answer.Json.GetProperty("content")[0].GetProperty("text").GetString()!;

    [Theory]
    [InlineData(Big, Big)]
    [InlineData(Small, Small)]
    [InlineData("small-4bit", Small)]
    [InlineData("fast", Small)]
    [InlineData("claude-haiku-4-5-20251001", Small)]
    [InlineData("claude-sonnet-5", Big)]
    public async Task Name_ChoosesTheModel_AndIsEchoed(string requested, string answers)
    {
        await using TestServer server = Server(new FakeLoads((Big, 10), (Small, 10)));
        Answer answer = await server.PostAsync("/v1/messages", Body(requested));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal($"{answers}: hi", TextOf(answer));
        Assert.Equal(requested, answer.Json.GetProperty("model").GetString());
        Answer chat = await server.PostAsync("/v1/chat/completions", Bodies.Chat("ho", $$"""{"model":"{{requested}}"}"""));
        Assert.Contains($"{answers}: ho", chat.Text, StringComparison.Ordinal);
        Answer raw = await server.PostAsync(
            "/v1/completions", $$"""{"model":"{{requested}}","prompt":"SAY[[x]]<|im_start|>assistant\n","max_tokens":4}""");
        Assert.Equal(HttpStatusCode.OK, raw.Status);
    }

    [Fact]
    public async Task UnknownName_Is404_InBothEnvelopes_AndLoadsNothing()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        await using TestServer server = Server(loads);
        foreach (string path in (string[])["/v1/messages", "/v1/messages/count_tokens"])
        {
            Answer answer = await server.PostAsync(path, Body("oct-invalid-model", stream: true));
            Assert.Equal(HttpStatusCode.NotFound, answer.Status);
            Assert.Equal("not_found_error", answer.Json.GetProperty("error").GetProperty("type").GetString());
            Assert.Equal("model: oct-invalid-model", answer.Json.GetProperty("error").GetProperty("message").GetString());
        }

        foreach ((string path, string body) in ((string, string)[])[
            ("/v1/chat/completions", Bodies.Chat("x", """{"model":"nope"}""")),
            ("/v1/completions", """{"model":"nope","prompt":"x"}"""),
            ("/v1/responses", """{"model":"nope","input":"x"}"""),
            ("/v1/responses/input_tokens", """{"model":"nope","input":"x"}""")])
        {
            Answer answer = await server.PostAsync(path, body);
            Assert.Equal(HttpStatusCode.NotFound, answer.Status);
            Assert.Equal("model_not_found", answer.Json.GetProperty("error").GetProperty("code").GetString());
        }

        Assert.Empty(loads.Loads);
    }

    [Fact]
    public async Task CountTokens_NeedsNoWeights()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        await using TestServer server = Server(loads);
        Answer count = await server.PostAsync("/v1/messages/count_tokens", Bodies.Count("x", """{"model":"haiku"}"""));
        int tokens = count.Json.GetProperty("input_tokens").GetInt32();
        Assert.Empty(loads.Loads);
        Answer answer = await server.PostAsync("/v1/messages", Body("haiku", "x"));
        Assert.Equal(tokens, answer.Json.GetProperty("usage").GetProperty("input_tokens").GetInt32());
        Assert.Equal([Small], loads.Loads);
    }

    [Fact]
    public async Task TooLongPrompt_IsRefusedBeforeTheModelIsLoaded()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10)) { ContextLength = 32 };
        await using TestServer server = Server(loads);
        Answer answer = await server.PostAsync("/v1/messages", Body(Small, new string('x', 4000), stream: true));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("prompt is too long", answer.Text, StringComparison.Ordinal);
        Assert.Empty(loads.Loads);
    }

    [Fact]
    public async Task WhileAModelLoads_ItsStreamLives_AndTheOtherModelAnswers()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        loads.Hold(Small);
        var time = new FakeTime();
        await using TestServer server = Server(loads, time: time);
        Task<HttpResponseMessage> begun = server.BeginAsync("/v1/messages", Body("haiku", stream: true));
        using HttpResponseMessage response = await time.UntilAsync(begun);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var text = new List<string>();
        for (int pings = 0; pings < 2;)
        {
            string line = await time.UntilAsync(reader.ReadLineAsync()) ?? "";
            text.Add(line);
            pings += line == "event: ping" ? 1 : 0;
        }

        Assert.Equal("event: message_start", text[0]);
        Assert.Equal($"{Big}: hi", TextOf(await server.PostAsync("/v1/messages", Body(Big)).WaitAsync(Limit)));
        loads.Open(Small);
        string whole = string.Join('\n', text) + "\n" + await reader.ReadToEndAsync().WaitAsync(Limit);
        Assert.Empty(StreamChecker.Check(whole, "haiku"));
        Assert.Equal($"{Small}: hi", Streams.Data(whole).Text());
    }

    [Fact]
    public async Task ModelThatCannotBeLoaded_IsA400WithItsReason_AndTheServerLives()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        loads.Failures[Small] = new LoadException("It has no chat template.");
        await using TestServer server = Server(loads);
        for (int i = 0; i < 2; i++)
        {
            Answer answer = await server.PostAsync("/v1/messages", Body(Small, stream: true));
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains("It has no chat template.", answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal([Small], loads.Loads);
        Assert.Equal($"{Big}: hi", TextOf(await server.PostAsync("/v1/messages", Body(Big))));
        Answer health = await server.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.Equal("failed", health.Json.GetProperty("models").GetProperty(Small).GetString());
    }

    [Fact]
    public async Task LoadThatMayWorkLater_Is503_WithRetryAfter()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        loads.Failures[Small] = new IOException("The disk is away.");
        await using TestServer server = Server(loads);
        Answer answer = await server.PostAsync("/v1/chat/completions", Bodies.Chat("x", """{"model":"fast"}"""));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.NotNull(answer.Header("retry-after"));
    }

    [Fact]
    public async Task LoadThatFailsBehindTheHead_IsAnErrorEvent()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        loads.Hold(Small);
        loads.Failures[Small] = new LoadException("It has no chat template.");
        var time = new FakeTime();
        await using TestServer server = Server(loads, time: time);
        using HttpResponseMessage response = await time.UntilAsync(
            server.BeginAsync("/v1/messages", Body(Small, stream: true)));
        loads.Open(Small);
        string text = await response.Content.ReadAsStringAsync().WaitAsync(Limit);
        JsonElement last = Streams.Data(text)[^1];
        Assert.Equal("error", last.Type());
        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullMemory_WaitsForTheRunningAnswer_ThenChanges()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        using var pace = new Pace();
        loads.Paces[Big] = pace;
        await using TestServer server = Server(loads, budget: 15);
        Task<Answer> first = server.PostAsync("/v1/messages", Body(Big));
        await Eventually.HoldsAsync(() => server.Server.Activity.Running.Any());
        Task<Answer> second = server.PostAsync("/v1/messages", Body(Small));
        await Eventually.HoldsAsync(() => server.Server.Models.Look(server.Server.Models.Models[1]).Waiting == 1);
        Assert.Equal([Big], loads.Loads);
        pace.Open();
        Assert.Equal($"{Big}: hi", TextOf(await first.WaitAsync(Limit)));
        Assert.Equal($"{Small}: hi", TextOf(await second.WaitAsync(Limit)));
        JsonElement stats = (await server.GetAsync("/stats")).Json.GetProperty("models");
        Assert.Equal("absent", stats[0].GetProperty("state").GetString());
        Assert.Equal("ready", stats[1].GetProperty("state").GetString());
        Assert.Equal($"{Big}: again", TextOf(await server.PostAsync("/v1/messages", Body(Big, "again")).WaitAsync(Limit)));
    }

    [Fact]
    public async Task ClientThatGoesWhileItWaits_HoldsNothing()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10));
        loads.Hold(Small);
        await using TestServer server = Server(loads, budget: 15);
        using (HttpResponseMessage response = await server.BeginAsync("/v1/messages", Body(Small, stream: true)))
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        loads.Open(Small);
        Assert.Equal($"{Big}: hi", TextOf(await server.PostAsync("/v1/messages", Body(Big)).WaitAsync(Limit)));
    }

    [Fact]
    public async Task Batch_UsesEachRequestsModel()
    {
        await using TestServer server = Server(new FakeLoads((Big, 10), (Small, 10)), budget: 15);
        string body = $$"""
            {"requests":[{"custom_id":"a","params":{{Body(Big, "one")}}},{"custom_id":"b","params":{{Body("haiku", "two")}}},
             {"custom_id":"c","params":{{Body("nope", "three")}}}]}
            """;
        string id = (await server.PostAsync("/v1/messages/batches", body)).Json.GetProperty("id").GetString()!;
        await Eventually.HoldsAsync(async () => (await server.GetAsync($"/v1/messages/batches/{id}"))
            .Json.GetProperty("processing_status").GetString() == "ended");
        string results = (await server.GetAsync($"/v1/messages/batches/{id}/results")).Text;
        Assert.Contains($"{Big}: one", results, StringComparison.Ordinal);
        Assert.Contains($"{Small}: two", results, StringComparison.Ordinal);
        Assert.Contains("model: nope", results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_TellEachModel()
    {
        var loads = new FakeLoads((Big, 10), (Small, 10)) { ContextLength = 2048 };
        await using TestServer server = Server(loads);
        JsonElement list = (await server.GetAsync("/v1/models?limit=1000")).Json.GetProperty("data");
        string[] ids = [.. list.EnumerateArray().Select(m => m.GetProperty("id").GetString()!)];
        Assert.Equal(
            ["claude-4-sonnet-20250514", Big, "local-claude/Big-8bit", Small, "local-claude/Small-4bit", "haiku", "fast"], ids);
        Assert.All(list.EnumerateArray(), m => Assert.Equal(2048, m.GetProperty("max_input_tokens").GetInt32()));
        JsonElement health = (await server.GetAsync("/health")).Json;
        Assert.Equal(Small, health.GetProperty("families").GetProperty("haiku").GetString());
        Assert.Equal(Big, health.GetProperty("families").GetProperty("opus").GetString());
        await server.PostAsync("/v1/messages", Body(Small));
        string metrics = (await server.GetAsync("/metrics")).Text;
        Assert.Contains($"fastmlx_requests_total{{model=\"{Small}\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"fastmlx_model_loaded{{model=\"{Big}\"}} 0\n", metrics, StringComparison.Ordinal);
    }
}
