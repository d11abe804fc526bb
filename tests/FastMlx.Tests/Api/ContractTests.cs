using System.Text;
using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>
/// The lines of anthropic-messages-api.md §22 that live in this room, one test each; transcripts hold many more cases.
/// </summary>
public sealed class ContractTests
{
    private const string Tools = "\"tools\":[{\"name\":\"a\",\"input_schema\":{\"type\":\"object\"}}],";
    private static readonly ReplyUsage Usage = new(5, 20, 0, 15, 3);

    [Theory]
    [InlineData("", ToolChoiceKind.Auto, null, true)]
    [InlineData("\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true},", ToolChoiceKind.Auto, null, false)]
    [InlineData("\"tool_choice\":{\"type\":\"any\"},", ToolChoiceKind.Any, null, true)]
    [InlineData("\"tool_choice\":{\"type\":\"tool\",\"name\":\"a\"},", ToolChoiceKind.Named, "a", true)]
    [InlineData("\"tool_choice\":{\"type\":\"none\"},", ToolChoiceKind.None, null, true)]
    public void ToolChoice_EachForm_IsRead(string choice, ToolChoiceKind kind, string? name, bool isParallel)
    {
        ChatRequest chat = ApiBodies.Read(ApiBodies.Message(Tools + choice)).Chat;
        Assert.Equal(new ToolChoice(kind, name), chat.ToolChoice);
        Assert.Equal(isParallel, chat.ParallelToolCalls);
        Assert.Single(chat.Tools);
    }

    [Theory]
    [InlineData("\"content\":\"r\"", "r")]
    [InlineData("\"content\":[{\"type\":\"text\",\"text\":\"r\"},{\"type\":\"text\",\"text\":\"s\"}]", "r|s")]
    [InlineData("\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AA\"}}]",
        "[image omitted: model m has no vision]")]
    [InlineData("\"content\":[{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"d\"}}]", "d")]
    [InlineData("\"content\":[]", "")]
    [InlineData("\"is_error\":true,\"content\":\"r\"", "r")]
    [InlineData("\"content\":[{\"type\":\"tool_reference\",\"tool_name\":\"late\"}]", "->late")]
    public void ToolResult_EachShape_IsRead(string content, string expected)
    {
        string messages = "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\","
            + "\"name\":\"a\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"," + content + "}]}]";
        string tools = "\"tools\":[{\"name\":\"late\",\"defer_loading\":true,\"input_schema\":{\"type\":\"object\"}}],";
        ChatRequest chat = ApiBodies.Read(ApiBodies.Message(tools, messages)).Chat;
        ToolResultPart result = Assert.IsType<ToolResultPart>(Assert.Single(chat.Messages[2].Parts));
        Assert.Equal(expected, string.Join('|', result.Content.Select(part => part switch
        {
            TextPart text => text.Text,
            MediaPart media => media.Note,
            ToolReferencePart reference => "->" + reference.Name,
            _ => "?",
        })));
        Assert.Equal(content.Contains("is_error", StringComparison.Ordinal), result.IsError);
    }

    [Fact]
    public void BillingLine_Stripped_GivesEqualConversations()
    {
        string With(string version) => ApiBodies.Message(
            $"\"system\":[{{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: cc_version={version};\"}},{{\"type\":\"text\",\"text\":\"s\"}}],");
        string plain = ChatDump.Of(ApiBodies.Read(ApiBodies.Message("\"system\":\"s\",")).Chat);
        Assert.Equal(plain, ChatDump.Of(ApiBodies.Read(With("2.1.1.abc; cch=1")).Chat));
        Assert.Equal(plain, ChatDump.Of(ApiBodies.Read(With("2.1.2.def; cch=2")).Chat));
    }

    [Fact]
    public void CacheMarks_Moved_GiveEqualConversations()
    {
        string marked = "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]";
        Assert.Equal(
            ChatDump.Of(ApiBodies.Read(ApiBodies.Message()).Chat),
            ChatDump.Of(ApiBodies.Read(ApiBodies.Message("", marked)).Chat));
    }

    [Theory]
    [InlineData("", false, 0)]
    [InlineData("\"thinking\":{\"type\":\"disabled\"},", false, 0)]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":50},", true, 50)]
    [InlineData("\"thinking\":{\"type\":\"adaptive\"},", true, 0)]
    public void Thinking_EachForm_WithEachDisplay(string form, bool isEnabled, int budget)
    {
        foreach (ThinkingDisplay display in Enum.GetValues<ThinkingDisplay>())
        {
            string body = form.Replace("},", $",\"display\":\"{display.ToString().ToLowerInvariant()}\"}},", StringComparison.Ordinal);
            MessagesRequest request = ApiBodies.Read(ApiBodies.Message(body));
            Assert.Equal(isEnabled, request.Chat.Thinking.Enabled);
            Assert.Equal(budget, request.Chat.Thinking.BudgetTokens);
            string stream = Stream(request, sink => { sink.Thinking("secret"u8); sink.Text("x"u8); });
            Assert.Equal(request.Display == ThinkingDisplay.Summarized, stream.Contains("secret", StringComparison.Ordinal));
            Assert.Single(stream.Split("signature_delta").Skip(1));
        }
    }

    [Fact]
    public void Signature_ComesBackAsItWasSent()
    {
        string stream = Stream(ApiBodies.Read(ApiBodies.Message()), sink => sink.Thinking("t"u8));
        Assert.Contains("\"signature\":\"handle-1\"", stream, StringComparison.Ordinal);
        string history = "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\","
            + "\"signature\":\"handle-1\"},{\"type\":\"text\",\"text\":\"y\"}]},{\"role\":\"user\",\"content\":\"z\"}]";
        ChatRequest chat = ApiBodies.Read(ApiBodies.Message("", history)).Chat;
        Assert.Equal(new ThinkingPart("", "handle-1"), chat.Messages[1].Parts[0]);
    }

    [Theory]
    [InlineData("\"thinking\":\"t\"")]
    [InlineData("\"thinking\":\"t\",\"signature\":\"\"")]
    [InlineData("\"thinking\":\"t\",\"signature\":\"EqQBCkYIBRgCKkA-foreign\"")]
    public void Thinking_WithoutOrWithForeignSignature_IsAccepted(string fields)
    {
        string history = "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\"," + fields
            + "}]},{\"role\":\"user\",\"content\":\"z\"}]";
        Assert.IsType<ThinkingPart>(ApiBodies.Read(ApiBodies.Message("", history)).Chat.Messages[1].Parts[0]);
    }

    [Theory]
    [InlineData(StopReason.EndTurn, "end_turn")]
    [InlineData(StopReason.MaxTokens, "max_tokens")]
    [InlineData(StopReason.StopSequence, "stop_sequence")]
    [InlineData(StopReason.PauseTurn, "pause_turn")]
    [InlineData(StopReason.Refusal, "refusal")]
    [InlineData(StopReason.ContextExceeded, "model_context_window_exceeded")]
    public void StopReason_OfEachKind(StopReason reason, string name)
    {
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), new ReplyOptions { Model = "m" });
        writer.Start(Usage);
        writer.Text("x"u8);
        writer.Finish(reason, reason == StopReason.StopSequence ? "END" : null, Usage);
        Assert.Empty(StreamChecker.Check(frames.Text, "m"));
        Assert.Contains($"\"stop_reason\":\"{name}\"", frames.Text, StringComparison.Ordinal);
        string sequence = reason == StopReason.StopSequence ? "\"END\"" : "null";
        Assert.Contains($"\"stop_sequence\":{sequence},\"stop_details\":null}},\"usage\"", frames.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void MaxTokens0_IsAWarmUpWithoutBlocks()
    {
        MessagesRequest request = ApiBodies.Read("{\"model\":\"m\",\"max_tokens\":0,\"messages\":" + ApiBodies.Hi + "}");
        Assert.Equal(0, request.Chat.MaxTokens);
        string stream = Stream(request, _ => { }, StopReason.MaxTokens);
        Assert.DoesNotContain("content_block", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void MaxTokensInToolJson_ClosesTheBlock()
    {
        string stream = Stream(
            ApiBodies.Read(ApiBodies.Message(Tools)),
            sink => { sink.ToolCallBegin("a", null); sink.ToolCallArguments("{\"x\":\"unfini"u8); },
            StopReason.MaxTokens);
        Assert.Contains("\"stop_reason\":\"max_tokens\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Schemas_OfFormatAndStrictToolsAndLookAhead_AreRead()
    {
        const string Schema = "{\"type\":\"object\",\"properties\":{\"p\":{\"type\":\"string\",\"pattern\":\"^(?!\\\\.\\\\.?(?:\\\\/|$))[A-Z]{1,200}$\"}}}";
        ChatRequest chat = ApiBodies.Read(ApiBodies.Message(
            $"\"tools\":[{{\"name\":\"a\",\"strict\":true,\"input_schema\":{Schema}}}],\"output_config\":{{\"format\":{{\"type\":\"json_schema\","
                + $"\"schema\":{Schema}}}}},")).Chat;
        Assert.True(chat.Tools[0].Strict);
        Assert.Equal(Schema, chat.Tools[0].SchemaJson);
        Assert.Equal(Schema, chat.ResponseSchemaJson);
    }

    [Fact]
    public void StreamTrueAndInvalid_IsAnErrorBeforeAnyEvent()
    {
        ApiError error = ApiBodies.Refuse("{\"model\":\"m\",\"stream\":true,\"max_tokens\":1,\"messages\":[]}");
        Assert.Equal(400, error.Status);
        string body = ApiBodies.Text(output => ErrorBody.WriteAnthropic(output, error, "req_1"));
        Assert.Equal(
            "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages: at least one message is required\"},"
                + "\"request_id\":\"req_1\"}",
            body);
    }

    [Fact]
    public void PromptTooLong_IsTheExactSentence()
    {
        ApiError error = ApiErrors.PromptTooLong(137_500, 131_072);
        Assert.Equal(400, error.Status);
        Assert.Matches(@"^prompt is too long: \d+ tokens > \d+ maximum$", error.Message);
        Assert.Equal("prompt is too long: 137500 tokens > 131072 maximum", error.Message);
    }

    [Fact]
    public void CountTokens_AnswerHasExactlyOneField()
    {
        Assert.Equal("{\"input_tokens\":14}", ApiBodies.Text(output => CountTokensBody.Write(output, 14)));
        Assert.Equal(
            "{\"input_tokens\":14,\"context_management\":{\"original_input_tokens\":20}}",
            ApiBodies.Text(output => CountTokensBody.Write(output, 14, true, 6)));
    }

    [Theory]
    [InlineData(100, 0, false, 100, 0, 0)]
    [InlineData(100, 0, true, 1, 0, 99)]
    [InlineData(100, 60, false, 40, 60, 0)]
    [InlineData(100, 60, true, 1, 60, 39)]
    [InlineData(100, 100, true, 1, 99, 0)]
    [InlineData(1, 0, true, 1, 0, 0)]
    public void Usage_OfAPrompt_AddsUpAndExcludesWhatWasCached(int prompt, int cached, bool marks, int input, int read, int written)
    {
        var usage = ReplyUsage.OfPrompt(prompt, cached, marks);
        Assert.Equal((input, read, written), (usage.InputTokens, usage.CacheReadTokens, usage.CacheCreationTokens));
        Assert.Equal(prompt, usage.PromptTokens);
    }

    [Fact]
    public void LoneSurrogatesAndEmoji_PassBothWays()
    {
        MessagesRequest request = ApiBodies.Read(ApiBodies.Message("", "[{\"role\":\"user\",\"content\":\"a\\ud83db\\ud83d\\ude00\\udc00漢\"}]"));
        Assert.Equal("a\uFFFDb😀\uFFFD漢", ((TextPart)request.Chat.Messages[0].Parts[0]).Text);
        string stream = Stream(request, sink => sink.Text(Encoding.UTF8.GetBytes("😀漢")));
        Assert.Contains("\"text\":\"😀漢\"", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void InvalidUtf8_Is400()
    {
        byte[] body = [.. Encoding.UTF8.GetBytes("{\"model\":\"m"), 0xFF, .. Encoding.UTF8
            .GetBytes("\",\"max_tokens\":1,\"messages\":" + ApiBodies.Hi + "}")];
        Assert.False(MessagesReader.TryRead(body, ReaderOptions.Default, out _, out ApiError? error));
        Assert.Equal(400, error.Status);
    }

    [Fact]
    public void ToolIds_AreUniqueAndOfLegalCharacters()
    {
        var ids = new IdSource(7);
        HashSet<string> seen = [];
        for (int i = 0; i < 20_000; i++)
        {
            string id = ids.Tool();
            Assert.True(seen.Add(id));
            Assert.Equal("toolu_".Length + 24, id.Length);
        }
        Assert.All(seen.Take(1000), id => Assert.Matches("^[a-zA-Z0-9_-]+$", id));
    }

    private static string Stream(MessagesRequest request, Action<IChatEventSink> play, StopReason reason = StopReason.EndTurn)
    {
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), request.ReplyOptions with { Signature = () => "handle-1" });
        writer.Start(Usage);
        play(writer);
        writer.Finish(reason, null, Usage);
        Assert.Empty(StreamChecker.Check(frames.Text, request.Model));
        return frames.Text;
    }
}
