using System.Net;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Errors have the envelope of their API, a request id, and a status before any stream.</summary>
public sealed class ErrorTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private static readonly (string, string) Version = ("anthropic-version", "2023-06-01");

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("/v1/messages", "{", 400)]
    [InlineData("/v1/messages", """{"model":"m","max_tokens":5,"messages":[],"stream":true}""", 400)]
    [InlineData("/v1/messages", """{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}""", 400)]
    [InlineData("/v1/messages/nothing", "{}", 404)]
    [InlineData("/v1/messages/batches", """{"requests":[]}""", 400)]
    public async Task AnthropicErrors_HaveTheirEnvelope(string path, string body, int status)
    {
        Answer answer = await _server.PostAsync(path, body);
        Assert.Equal(status, (int)answer.Status);
        Assert.StartsWith("application/json", answer.Header("content-type"), StringComparison.Ordinal);
        Assert.Equal("error", answer.Json.GetProperty("type").GetString());
        Assert.NotEqual("", answer.Json.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(answer.Header("request-id"), answer.Json.GetProperty("request_id").GetString());
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":null}""", 400)]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"x"}],"logprobs":true}""", 400)]
    [InlineData("/v1/completions", """{"model":"m","prompt":"x","logprobs":1}""", 400)]
    [InlineData("/v1/embeddings", """{"model":"m","input":"x"}""", 400)]
    [InlineData("/v1/responses", """{"model":"m","input":"x","previous_response_id":"resp_x"}""", 404)]
    [InlineData("/v1/chat/nothing", "{}", 404)]
    public async Task OpenAiErrors_HaveTheirEnvelope(string path, string body, int status)
    {
        Answer answer = await _server.PostAsync(path, body);
        Assert.Equal(status, (int)answer.Status);
        Assert.NotEqual("", answer.Json.GetProperty("error").GetProperty("message").GetString());
        Assert.StartsWith("req_", answer.Header("x-request-id"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overflow_SaysHowMuch_InTheWordsOfEachApi()
    {
        await using TestServer small = await TestServer.ScriptedAsync(
            SayScript.Answer, o => o with { ContextLength = 512 });
        string text = string.Concat(Enumerable.Repeat("many words ", 600));
        Answer messages = await small.PostAsync("/v1/messages", Bodies.Messages(text, stream: true));
        Assert.Equal(HttpStatusCode.BadRequest, messages.Status);
        Assert.Matches(
            @"^prompt is too long: \d+ tokens > 511 maximum$",
            messages.Json.GetProperty("error").GetProperty("message").GetString());
        Answer chat = await small.PostAsync("/v1/chat/completions", Bodies.Chat(text, stream: true));
        Assert.Equal(HttpStatusCode.BadRequest, chat.Status);
        Assert.Equal("context_length_exceeded", chat.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.StartsWith(
            "This model's maximum context length is 511 tokens. However, your messages resulted in",
            chat.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Answer clamped = await small.PostAsync("/v1/messages", Bodies.Messages("hi", """{"max_tokens":128000}"""));
        Assert.Equal(HttpStatusCode.OK, clamped.Status);
    }

    [Fact]
    public async Task Strict_RefusesLimitsThatDoNotFit()
    {
        await using TestServer strict = await TestServer.ScriptedAsync(
            SayScript.Answer, o => o with { ContextLength = 512, Strict = true, ModelAliases = [("m", "scripted")] });
        Answer tooMany = await strict.PostAsync("/v1/messages", Bodies.Messages("hi", """{"max_tokens":128000}"""), Version);
        Assert.Contains("max_tokens: 128000 > 511", tooMany.Text, StringComparison.Ordinal);
        Answer together = await strict.PostAsync("/v1/messages", Bodies.Messages("hi", """{"max_tokens":511}"""), Version);
        Assert.Contains("exceed context limit", together.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullQueue_Is529_WithRetryAfter()
    {
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(
            SayScript.Answer, pace: pace, limits: o => o with { QueueCapacity = 1 });
        using HttpResponseMessage first = await server.BeginAsync("/v1/messages", Bodies.Messages("x", stream: true));
        Answer second = await server.PostAsync("/v1/messages", Bodies.Messages("y", stream: true));
        Assert.Equal(529, (int)second.Status);
        Assert.Equal("overloaded_error", second.Json.GetProperty("error").GetProperty("type").GetString());
        Assert.Equal("2", second.Header("retry-after"));
        pace.Open();
    }

    [Fact]
    public async Task WrongMethod_SaysWhichAreAllowed()
    {
        Answer answer = await _server.SendAsync(HttpMethod.Delete, "/v1/messages", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
        Assert.Equal("POST", answer.Header("allow"));
        Answer models = await _server.SendAsync(HttpMethod.Delete, "/v1/models", null);
        Assert.Equal("GET, HEAD", models.Header("allow"));
    }
}
