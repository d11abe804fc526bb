using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Table 15 of the contract: the hosted API's refusals, word for word, on a strict server over HTTP.</summary>
public sealed class StrictTests(StrictServer fixture) : IClassFixture<StrictServer>
{
    private const string Tool = """{"name":"t","input_schema":{"type":"object"}}""";
    private const string User = """{"role":"user","content":"x"}""";
    private const string Use = """{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"t","input":{}}]}""";
    private const string Marked = """{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}""";
    private const string Result = """{"type":"tool_result","tool_use_id":"toolu_1","content":"r"}""";

    private static readonly (string, string) Version = ("anthropic-version", "2023-06-01");

    private static readonly (string, string, string)[] FormRows =
    [
        ("1", "[\"model\":", "The request body is not valid JSON: "),
        ("2", """{"model":"m","messages":[]}""", "max_tokens: Field required"),
        ("2", """{"model":"m","max_tokens":5}""", "messages: Field required"),
        ("2", $$"""{"max_tokens":5,"messages":[{{User}}]}""", "model: Field required"),
        ("2", """{"model":"m","max_tokens":5,"messages":[{"role":"user"}]}""", "messages.0.content: Field required"),
        ("2", With("\"tools\":[{\"name\":\"t\"}]"), "tools.0.custom.input_schema: Field required"),
        ("3", """{"model":"m","max_tokens":"5","messages":[]}""", "max_tokens: Input should be a valid integer"),
        ("3", """{"model":"m","max_tokens":5,"messages":"x"}""", "messages: Input should be a valid list"),
        ("3", Of("""{"role":"tool","content":"x"}"""), "messages.0.role: Input should be 'user'"),
        ("3", With("\"stream\":1"), "stream: Input should be a valid boolean"),
        ("3", With("\"temperature\":\"hot\""), "temperature: Input should be a valid number"),
        ("4", """{"model":"m","max_tokens":-1,"messages":[]}""", "max_tokens: Input should be greater than or equal to "),
        ("4", With("\"temperature\":1.5"), "temperature: range: 0..1"),
        ("4", With("\"top_p\":-0.1"), "top_p: range: 0..1"),
        ("4", With("\"top_k\":-1"), "top_k: Input should be greater than or equal to 0"),
        ("5", With("\"foo\":1"), "foo: Extra inputs are not permitted"),
    ];

    private static readonly (string, string, string)[] MeaningRows =
    [
        ("6", Of(""), "messages: at least one message is required"),
        ("7", Of("""{"role":"assistant","content":"x"}""" + "," + User), "messages: first message must use the \"user\" role"),
        ("8", Of($$"""{{User}},{"role":"assistant","content":[]},{{User}}"""),
            "messages.1: all messages must have non-empty content except for the optional final assistant message"),
        ("9", Of("""{"role":"user","content":[{"type":"text","text":""}]}"""), "messages: text content blocks must be non-empty"),
        ("9", Of("""{"role":"user","content":[{"type":"text","text":"  "}]}"""),
            "messages: text content blocks must contain non-whitespace text"),
        ("9", With("\"system\":[{\"type\":\"text\",\"text\":\"\"}]"), "system: text content blocks must be non-empty"),
        ("10", Of($$"""{{User}},{"role":"assistant","content":"so "}"""),
            "messages: final assistant content cannot end with trailing whitespace"),
        ("11", WithTool($"{User},{Use},{User}"), "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1."),
        ("12", Of($$"""{"role":"user","content":[{{Result}}]}"""),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."),
        ("13", WithTool($$"""{{User}},{{Use}},{"role":"user","content":[{{Result}},{{Result}}]}"""),
            "messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: toolu_1"),
        ("14", WithTool($$"""{{User}},{{Use}},{"role":"user","content":[{{Result}}]},{{Use}},{"role":"user","content":[{{Result}}]}"""),
            "messages: `tool_use` ids must be unique"),
        ("15", WithTool($$"""{{User}},{{Use}},{"role":"user","content":[{"type":"text","text":"a"},{{Result}}]}"""),
            "messages.2: `tool_result` blocks must come first"),
        ("16", With($"\"tools\":[{Tool},{Tool}]"), "tools: Tool names must be unique."),
        ("16", With("""  "tools":[{"name":"a b","input_schema":{"type":"object"}}] """),
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        ("17", With("""  "tools":[{"name":"t","input_schema":{"type":"string"}}] """), "tools.0.custom.input_schema.type: Input should be 'object'"),
        ("18", With("""  "tools":[{"name":"t","strict":true,"input_schema":{"type":"object"}}] """),
            "For 'object' type, 'additionalProperties' must be explicitly set to false"),
        ("19", With("\"tool_choice\":{\"type\":\"any\"}"), "tool_choice may only be specified while providing tools."),
        ("19", Big($$""" "tools":[{{Tool}}],"tool_choice":{"type":"any"},"thinking":{"type":"enabled","budget_tokens":1024} """),
            "Thinking may not be enabled when tool_choice forces tool use."),
        ("20", With("""  "tools":[{"name":"t","defer_loading":true,"input_schema":{"type":"object"}}] """),
            "At least one tool must have defer_loading=false."),
        ("21", With("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"), "max_tokens must be greater than thinking.budget_tokens"),
        ("21", Big("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5}"),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"),
        ("22", Of($$"""{"role":"user","content":[{{Marked}},{{Marked}},{{Marked}},{{Marked}},{{Marked}}]}"""),
            "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        ("22", Of("""{"role":"user","content":[{"type":"text","text":"","cache_control":{"type":"ephemeral"}}]}"""),
            "messages.0.content.0.text.cache_control: cache_control cannot be set for empty text blocks"),
        ("23", With("\"stream\":true,\"stop_sequences\":[\" \"]"), "stop_sequences: each stop sequence must contain non-whitespace"),
        ("32", Of("""{"role":"user","content":[{"type":"bogus"}]}"""),
            "messages.0.content.0: Input tag 'bogus' found using 'type' does not match any of the expected tags: "),
    ];

    public static TheoryData<string, string, string> Forms => new(FormRows);

    public static TheoryData<string, string, string> Meanings => new(MeaningRows);

    [Theory]
    [MemberData(nameof(Forms))]
    [MemberData(nameof(Meanings))]
    public async Task Row_IsRefused_InItsOwnWords(string row, string body, string message)
    {
        Answer answer = await fixture.Server.PostAsync("/v1/messages", body, Version);
        Assert.True(400 == (int)answer.Status, $"row {row}: {(int)answer.Status} {answer.Text}");
        JsonElement error = answer.Json.GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(answer.Header("request-id"), answer.Json.GetProperty("request_id").GetString());
        Assert.StartsWith("application/json", answer.Header("content-type"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row24_25_26_Lengths()
    {
        string text = string.Concat(Enumerable.Repeat("many words ", 600));
        Assert.Matches(@"prompt is too long: \d+ tokens > 511 maximum", await TextAsync(With($"\"system\":\"{text}\"")));
        Assert.Contains("input length and `max_tokens` exceed context limit: ", await TextAsync(
            $$"""{"model":"m","max_tokens":511,"messages":[{{User}}]}"""), StringComparison.Ordinal);
        Assert.Contains("max_tokens: 9999 > 511, which is the maximum allowed number of output tokens for m", await TextAsync(
            $$"""{"model":"m","max_tokens":9999,"messages":[{{User}}]}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row27_Model_Row28_Version_Row29_Key_Row30_Size()
    {
        Answer model = await fixture.Server.PostAsync("/v1/messages", With("").Replace("\"m\"", "\"other\"", StringComparison.Ordinal), Version);
        Assert.Equal((404, "model: other"), ((int)model.Status, model.Json.GetProperty("error").GetProperty("message").GetString()));
        Answer none = await fixture.Server.PostAsync("/v1/messages", With(""));
        Assert.Equal("anthropic-version: header is required", none.Json.GetProperty("error").GetProperty("message").GetString());
        Answer wrong = await fixture.Server.PostAsync("/v1/messages", With(""), ("anthropic-version", "7"));
        Assert.Equal("anthropic-version: \"7\" is not a valid version", wrong.Json.GetProperty("error").GetProperty("message").GetString());
        Answer large = await fixture.Server.PostAsync("/v1/messages", new string('x', 33 << 20), Version);
        Assert.Equal(413, (int)large.Status);
        Assert.Equal("request_too_large", large.Json.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Row33_Batches()
    {
        foreach ((string body, string message) in ((string, string)[])[
            ("""{"requests":[]}""", "requests: "),
            ("""{"requests":[{"custom_id":"a b","params":{}}]}""", "custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
            ("""{"requests":[{"custom_id":"a","params":{}},{"custom_id":"a","params":{}}]}""", "custom_id must be unique within a batch: a")])
        {
            Answer answer = await fixture.Server.PostAsync("/v1/messages/batches", body, Version);
            Assert.Equal(400, (int)answer.Status);
            Assert.Contains(message, answer.Text, StringComparison.Ordinal);
        }
    }

    private async Task<string> TextAsync(string body)
    {
        Answer answer = await fixture.Server.PostAsync("/v1/messages", body, Version);
        Assert.Equal(400, (int)answer.Status);
        return answer.Json.GetProperty("error").GetProperty("message").GetString()!;
    }

    private static string Of(string messages) => $$"""{"model":"m","max_tokens":20,"messages":[{{messages}}]}""";

    private static string With(string field) =>
        $$"""{"model":"m","max_tokens":20,"messages":[{{User}}]{{(field.Length > 0 ? "," : "")}}{{field}}}""";

    private static string Big(string field) => $$"""{"model":"m","max_tokens":4000,"messages":[{{User}}],{{field}}}""";

    private static string WithTool(string messages) =>
        $$"""{"model":"m","max_tokens":20,"tools":[{{Tool}}],"messages":[{{messages}}]}""";
}
