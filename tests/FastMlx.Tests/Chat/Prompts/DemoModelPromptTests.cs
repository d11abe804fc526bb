using System.Text.Json;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>The demo model's own template and tokenizer: the reference's prompt ids, and prefixes over real requests.</summary>
public sealed class DemoModelPromptTests
{
    private const string Absent = "../shared is not here: the demo model's prompts are not checked";

    private static string? Folder => Repository.Shared is { } shared ? Path.Combine(shared, "demo-model") : null;

    [Fact]
    public void Prompts_HaveTheReferencesIds()
    {
        Assert.SkipUnless(Folder is not null, Absent);
        PromptBuilder builder = Builder();
        int compared = 0;
        foreach (string line in File.ReadLines(Path.Combine(Folder, "goldens.jsonl")))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            int[] expected = [.. row.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] actual = builder.Build(Read(row)).Tokens;
            int common = expected.AsSpan().CommonPrefixLength(actual);
            Assert.True(common == expected.Length && common == actual.Length, $"{row.GetProperty("id")}: {common} of {expected.Length}");
            compared++;
        }

        Assert.True(compared >= 19);
    }

    [Fact]
    public void EveryTurn_ExtendsTheTurnBefore()
    {
        Assert.SkipUnless(Folder is not null, Absent);
        PromptBuilder builder = Builder();
        TokenizerFolder tokenizer = TokenizerFolder.Load(Path.Combine(Folder, "model"));
        List<int> expected = [];
        for (int turn = 1; turn <= 5; turn++)
        {
            ChatPrompt prompt = builder.Build(Fixtures.Read("tool-loop-" + turn));
            Assert.Equal(expected, prompt.Tokens.Take(expected.Count));
            if (turn == 5)
                break;
            ChatMessage answer = Fixtures.Read("tool-loop-" + (turn + 1)).Messages.Last(m => m.Role == ChatRole.Assistant);
            string[] ids = [.. answer.Parts.OfType<ToolCallPart>().Select(call => call.Id)];
            List<int> sampled = [];
            // Letter by letter: ids that no encoder would choose.
            foreach (char letter in "<tool_call>\n{\"arguments\": {}, \"name\": \"Read\"}\n")
                tokenizer.Tokenizer.Encode([letter], parseSpecial: false, sampled);
            builder.Replay!.Remember(prompt, [.. sampled], ids, null, string.Concat(answer.Parts.OfType<TextPart>().Select(p => p.Text)));
            expected = [.. prompt.Tokens, .. sampled];
        }
    }

    private static PromptBuilder Builder()
    {
        TokenizerFolder tokenizer = TokenizerFolder.Load(Path.Combine(Folder!, "model"));
        return PromptBuilder.Create(tokenizer, tokenizer.ChatTemplate!, OutputFormat.Find("hermes_json")!, new ListLogger());
    }

    private static ChatRequest Read(JsonElement row)
    {
        var messages = new List<ChatMessage>();
        foreach (JsonElement message in row.GetProperty("messages").EnumerateArray())
            messages.Add(ReadMessage(message));
        var tools = new List<ToolDefinition>();
        if (row.GetProperty("tools").ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement tool in row.GetProperty("tools").EnumerateArray())
            {
                JsonElement function = tool.GetProperty("function");
                tools.Add(new ToolDefinition(
                    function.GetProperty("name").GetString()!, function.GetProperty("description").GetString()!,
                    function.GetProperty("parameters").GetRawText()));
            }
        }

        return new ChatRequest { Model = "demo", Messages = messages, Tools = tools };
    }

    private static ChatMessage ReadMessage(JsonElement message)
    {
        string text = message.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String
            ? content.GetString()!
            : "";
        switch (message.GetProperty("role").GetString())
        {
            case "system":
                return ChatMessage.OfText(ChatRole.System, text);
            case "tool":
                string id = message.TryGetProperty("tool_call_id", out JsonElement given) ? given.GetString()! : "call_0";
                return new ChatMessage(ChatRole.Tool, [new ToolResultPart(id, [new TextPart(text)], false)]);
            case "assistant":
                List<ContentPart> parts = text.Length > 0 ? [new TextPart(text)] : [];
                if (message.TryGetProperty("tool_calls", out JsonElement calls) && calls.ValueKind == JsonValueKind.Array)
                    parts.AddRange(calls.EnumerateArray().Select((call, i) => ReadCall(call, i)));
                return new ChatMessage(ChatRole.Assistant, parts);
            default:
                return ChatMessage.OfText(ChatRole.User, text);
        }
    }

    private static ToolCallPart ReadCall(JsonElement call, int index)
    {
        JsonElement function = call.TryGetProperty("function", out JsonElement inner) ? inner : call;
        JsonElement arguments = function.GetProperty("arguments");
        string json = arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText();
        string id = call.TryGetProperty("id", out JsonElement given) ? given.GetString()! : "call_" + index;
        return new ToolCallPart(id, function.GetProperty("name").GetString()!, json);
    }
}
