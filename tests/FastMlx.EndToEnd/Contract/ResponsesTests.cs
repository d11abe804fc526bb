using System.Net;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests.Api;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>/v1/responses, /v1/completions and streams of chat completions.</summary>
public sealed class ResponsesTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Response_IsStored_GoneOnWith_AndDeleted()
    {
        Answer first = await _server.PostAsync("/v1/responses", """{"model":"m","input":"SAY[[One.]]","instructions":"Be brief."}""");
        Assert.Equal(HttpStatusCode.OK, first.Status);
        string id = first.Json.GetProperty("id").GetString()!;
        Assert.Equal(first.Text, (await _server.GetAsync("/v1/responses/" + id)).Text);
        Answer items = await _server.GetAsync($"/v1/responses/{id}/input_items");
        Assert.Equal(1, items.Json.GetProperty("data").GetArrayLength());
        Answer second = await _server.PostAsync(
            "/v1/responses", $$"""{"model":"m","input":"SAY[[Two.]]","previous_response_id":"{{id}}","stream":true}""");
        Assert.Empty(ResponseStreamChecker.Check(second.Text));
        Assert.Contains("Two.", second.Text, StringComparison.Ordinal);
        Answer alone = await _server.PostAsync("/v1/responses/input_tokens", """{"model":"m","input":"SAY[[Two.]]"}""");
        Answer behind = await _server.PostAsync(
            "/v1/responses/input_tokens", $$"""{"model":"m","input":"SAY[[Two.]]","previous_response_id":"{{id}}"}""");
        Assert.True(Tokens(behind) > Tokens(alone) + 5, behind.Text);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.PostAsync($"/v1/responses/{id}/cancel", "{}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.SendAsync(HttpMethod.Delete, "/v1/responses/" + id, null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync("/v1/responses/" + id)).Status);
    }

    [Fact]
    public async Task Response_ThatIsNotToBeStored_IsNot()
    {
        Answer answer = await _server.PostAsync("/v1/responses", """{"model":"m","input":"SAY[[x]]","store":false}""");
        string id = answer.Json.GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync("/v1/responses/" + id)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completions_GiveOneChoicePerPrompt(bool isStream)
    {
        string body = $$"""
            {"model":"m","prompt":["SAY[[one]]<|im_end|>\n<|im_start|>assistant\n","SAY[[two]]<|im_end|>\n<|im_start|>assistant\n"],
            "stream":{{(isStream ? "true" : "false")}},"echo":true,"max_tokens":20}
            """;
        Answer answer = await _server.PostAsync("/v1/completions", body);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        if (isStream)
        {
            Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
            string[] texts = [.. Streams.Data(answer.Text).GroupBy(e => e.GetProperty("choices")[0].GetProperty("index").GetInt32())
                .Select(g => string.Concat(g.Select(e => e.GetProperty("choices")[0].GetProperty("text").GetString())))];
            Assert.EndsWith("assistant\ntwo", texts[1], StringComparison.Ordinal);
            return;
        }

        Assert.EndsWith("assistant\none", answer.Json.GetProperty("choices")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("stop", answer.Json.GetProperty("choices")[1].GetProperty("finish_reason").GetString());
        Assert.True(answer.Json.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 1);
    }

    [Fact]
    public async Task Completion_KeepsMarkupAndStopsWhereTold()
    {
        Answer answer = await _server.PostAsync(
            "/v1/completions",
            """{"model":"m","prompt":"SAY[[ <think>a</think> b END c]]<|im_start|>assistant\n","stop":"END","max_tokens":50}""");
        Assert.Equal(" <think>a</think> b ", answer.Json.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task ChatStream_IsLegal()
    {
        Answer answer = await _server.PostAsync("/v1/chat/completions", Bodies.Chat(
            "Hm." + SayScript.Call("f", """{"a": 1}"""),
            """
            {"tools":[{"type":"function","function":{"name":"f",
            "parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}],"stream_options":{"include_usage":true}}
            """,
            stream: true));
        Assert.Empty(ChatStreamChecker.Check(answer.Text, wantsUsage: true));
        Assert.Contains("tool_calls", answer.Text, StringComparison.Ordinal);
    }

    private static int Tokens(Answer answer) => answer.Json.GetProperty("input_tokens").GetInt32();

    [Fact]
    public async Task Compact_LeavesTheUsersMessagesAndASummary_ThatIsTakenBack()
    {
        await using TestServer server = await TestServer.ScriptedAsync(
            prompt => prompt.Contains("Summary of the conversation so far:\nAll about Oslo.", StringComparison.Ordinal)
                ? "I remember Oslo."
                : prompt.Contains("Write a summary", StringComparison.Ordinal) ? "All about Oslo." : "?");
        Answer compacted = await server.PostAsync("/v1/responses/compact", """
            {"model":"m","input":[{"role":"user","content":"Tell me of Oslo"},{"role":"assistant","content":"It is cold."},
             {"role":"user","content":"And?"}]}
            """);
        Assert.Equal("response.compaction", compacted.Json.GetProperty("object").GetString());
        JsonElement output = compacted.Json.GetProperty("output");
        Assert.Equal(3, output.GetArrayLength());
        Assert.Equal("compaction", output[2].GetProperty("type").GetString());
        Assert.True(compacted.Json.GetProperty("usage").GetProperty("output_tokens").GetInt32() > 0);
        string items = string.Join(",", output.EnumerateArray().Select(item => item.GetRawText()));
        Answer next = await server.PostAsync(
            "/v1/responses", $$"""{"model":"m","input":[{{items}},{"role":"user","content":"Where?"}]}""");
        Assert.Equal("I remember Oslo.", next.Json.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
    }
}
