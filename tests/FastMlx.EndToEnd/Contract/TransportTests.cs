using System.Net;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests.Http;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Paths, headers, silence and disconnects.</summary>
public sealed class TransportTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("/v1/v1/messages")]
    [InlineData("/v1/messages/")]
    [InlineData("/v1/messages?beta=true")]
    public async Task Paths_AreForgiven(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await _server.PostAsync(path, Bodies.Messages("x"))).Status);

    [Fact]
    public async Task AcceptJson_StillStreams() =>
        Assert.Equal("x", (await _server.MessagesAsync(Bodies.Messages("x", stream: true), ("accept", "application/json"))).Text());

    [Theory]
    [InlineData("/")]
    [InlineData("/api/hello")]
    public async Task Head_Is200_WithoutABody(string path)
    {
        Answer answer = await _server.SendAsync(HttpMethod.Head, path, null);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("", answer.Text);
    }

    [Fact]
    public async Task Models_AreListed_AndFoundById_AlsoWithASlash()
    {
        Answer list = await _server.GetAsync("/v1/models?limit=1", ("anthropic-version", "2023-06-01"));
        Assert.True(list.Json.GetProperty("has_more").GetBoolean());
        string id = list.Json.GetProperty("data")[0].GetProperty("id").GetString()!;
        Assert.Equal(id, (await _server.GetAsync("/v1/models/" + id)).Json.GetProperty("id").GetString());
        Answer missing = await _server.GetAsync("/v1/models/org%2Fname", ("anthropic-version", "2023-06-01"));
        Assert.Equal("model: org/name", missing.Json.GetProperty("error").GetProperty("message").GetString());
        Answer all = await _server.GetAsync("/v1/models");
        Assert.Contains(all.Json.GetProperty("data").EnumerateArray(), m => m.GetProperty("id").GetString()!.Contains("claude", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Silence_IsBrokenByPings_AndByEventsNowAndThen()
    {
        using var pace = new Pace();
        var time = new FakeTime();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace, time: time);
        using HttpResponseMessage response = await server.BeginAsync("/v1/messages", Bodies.Messages("x", stream: true));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("event: message_start", await time.UntilAsync(NextAsync(reader)));
        Assert.Equal("event: ping", await NextAsync(reader));
        var seen = new List<string>();
        for (int i = 0; i < 4; i++)
        {
            TimeSpan before = time.Elapsed;
            seen.Add(await time.UntilAsync(NextAsync(reader)));
            // The fake clock runs on while real work catches up: an upper bound with room for that.
            Assert.InRange(time.Elapsed - before, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        }

        Assert.Equal(["event: ping", "event: ping", "event: ping", "event: content_block_start"], seen);
        pace.Open();
        List<string> rest = await RestAsync(reader);
        Assert.Equal("event: message_stop", rest.Last(l => l.StartsWith("event: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task MessageStart_IsThere_WithoutATokenOfPrefill()
    {
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace);
        using HttpResponseMessage response = await server.BeginAsync("/v1/messages", Bodies.Messages("x", stream: true));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("event: message_start", await NextAsync(reader));
        Assert.Equal(0, pace.Ended);
        pace.Open();
        await RestAsync(reader);
    }

    [Fact]
    public async Task Disconnect_FreesTheSlot_AndKeepsThePrefix()
    {
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace);
        string system = string.Concat(Enumerable.Repeat("A shared beginning. ", 60));
        string more = $$"""{"max_tokens":8000,"system":"{{system}}"}""";
        string answer = string.Concat(Enumerable.Repeat("word ", 4000)); // Its end is far beyond the notice.
        HttpResponseMessage response = await server.BeginAsync("/v1/messages", Bodies.Messages(answer, more, stream: true));
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        pace.Let(8);
        while (!(await NextAsync(reader)).EndsWith("content_block_delta", StringComparison.Ordinal))
        {
        }

        reader.Dispose();
        response.Dispose();
        while (server.Server.Activity.Running.Any())
        {
            // The engine notices between two steps, so one is let through each time.
            pace.Let(1);
            await Task.Yield();
        }

        Answer stats = await server.GetAsync("/stats");
        Assert.Equal(["Cancelled"], stats.Json.GetProperty("recent").EnumerateArray().Select(r => r.GetProperty("end").GetString()));
        pace.Open();
        Answer next = await server.PostAsync("/v1/messages", Bodies.Messages("again", more));
        Assert.True(next.Json.GetProperty("usage").GetProperty("cache_read_input_tokens").GetInt32() > 200, next.Text);
    }

    [Fact]
    public async Task ThrowingHandler_NeverEndsAStreamAsIfItWereWhole()
    {
        await using TestServer server = await TestServer.ScriptedAsync(_ => throw new InvalidOperationException("broken model"));
        Answer whole = await server.PostAsync("/v1/messages", Bodies.Messages("x"));
        Assert.Equal(HttpStatusCode.InternalServerError, whole.Status);
        Answer stream = await server.PostAsync("/v1/messages", Bodies.Messages("x", stream: true));
        Assert.Contains("event: error", stream.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", stream.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_Stats_Metrics_TellWhatRan()
    {
        await _server.PostAsync("/v1/messages", Bodies.Messages("x"));
        Assert.Equal("ok", (await _server.GetAsync("/health")).Json.GetProperty("status").GetString());
        Answer stats = await _server.GetAsync("/stats");
        Assert.True(stats.Json.GetProperty("recent").GetArrayLength() > 0);
        Assert.Contains("fastmlx_requests_total", (await _server.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    private static async Task<string> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                return line;
        }

        return "";
    }

    private static async Task<List<string>> RestAsync(StreamReader reader)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync() is { } line)
            lines.Add(line);
        return lines;
    }
}
