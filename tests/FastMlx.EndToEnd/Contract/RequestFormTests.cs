using System.Net;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Forms of requests that must be answered, and those that a local server must refuse for safety.</summary>
public sealed class RequestFormTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private const string Pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==";

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("\"plain\"")]
    [InlineData("[]")]
    [InlineData("""[{"type":"text","text":"a"},{"type":"text","text":"b"}]""")]
    [InlineData($$"""[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{Pixel}}"} }]""")]
    [InlineData("""[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hello"}}]""")]
    [InlineData("""[{"type":"tool_reference","tool_name":"get_time"}]""")]
    public async Task ToolResult_IsTaken(string content)
    {
        string body = $$"""
            {"model":"m","max_tokens":50,"stream":true,"tools":[{{Bodies.Weather}},{{Bodies.Clock}}],"messages":[
            {"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Oslo"} }]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":{{content}}},
            {"type":"text","text":"SAY[[Thanks.]]"}]}]}
            """;
        Assert.Equal("Thanks.", (await _server.MessagesAsync(body)).Text());
    }

    [Theory]
    [InlineData("""{"system":"Be brief."}""")]
    [InlineData("""{"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}]}""")]
    [InlineData("""{"thinking":{"type":"disabled"}}""")]
    [InlineData("""{"thinking":{"type":"adaptive"}}""")]
    [InlineData("""{"thinking":{"type":"adaptive","display":"omitted"}}""")]
    [InlineData("""{"output_config":{"effort":"low"}}""")]
    [InlineData("""{"output_config":{"format":{"type":"json_schema","schema":{"type":"string","pattern":"^(?=x).*$"}}}}""")]
    [InlineData("""{"unknown_field":1,"metadata":{"user_id":"u"}}""")]
    public async Task Field_IsTaken(string more) =>
        Assert.Equal("ok then", (await _server.MessagesAsync(Bodies.Messages("ok then", more, stream: true))).Text());

    [Fact]
    public async Task BillingBlock_LeavesTheSamePrefix()
    {
        const string Plain = """{"system":[{"type":"text","text":"Be brief."}]}""";
        const string Billed = """
            {"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330.abc; cch=12345;"},{"type":"text","text":"Be brief."}]}
            """;
        Answer plain = await _server.PostAsync("/v1/messages/count_tokens", Bodies.Count("x", Plain));
        Answer billed = await _server.PostAsync("/v1/messages/count_tokens", Bodies.Count("x", Billed));
        Assert.Equal(plain.Text, billed.Text);
    }

    [Theory]
    [InlineData("host", "evil.example")]
    [InlineData("origin", "https://evil.example")]
    [InlineData("sec-fetch-site", "cross-site")]
    public async Task OtherPages_AreRefused(string name, string value) => Assert.Equal(
        HttpStatusCode.Forbidden, (await _server.PostAsync("/v1/messages", Bodies.Messages("x"), (name, value))).Status);

    [Fact]
    public async Task AnyKey_IsTakenOnLoopback() => Assert.Equal(
        HttpStatusCode.OK, (await _server.PostAsync("/v1/messages", Bodies.Messages("x"), ("x-api-key", "whatever"))).Status);

    [Fact]
    public async Task ThinkingOmitted_HasASignatureAndNoText()
    {
        var events = await _server.MessagesAsync(Bodies.Messages(
            "<think>secret</think>Yes.", """{"thinking":{"type":"adaptive","display":"omitted"}}""", stream: true));
        Assert.Equal(["thinking", "text"], events.Blocks());
        Assert.Equal("", events.Thinking());
    }
}
