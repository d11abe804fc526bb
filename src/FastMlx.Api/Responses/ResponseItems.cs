using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// `input` → messages. Reasoning, texts and calls that follow each other are one assistant turn. One use.
/// </summary>
internal sealed class ResponseItems(string model, ReadContext context)
{
    public List<ChatMessage> Messages { get; } = [];

    public List<string> Texts { get; } = [];

    /// <summary>Of them, the user's messages.</summary>
    public List<string> UserTexts { get; } = [];

    public void Read(JsonValue input)
    {
        if (input.IsString)
        {
            Messages.Add(ChatMessage.OfText(ChatRole.User, input.Text));
            Texts.Add("{\"type\":\"message\",\"role\":\"user\",\"content\":"
                + $"[{{\"type\":\"input_text\",\"text\":{input.RawText}}}]}}");
            UserTexts.Add(Texts[^1]);
            return;
        }
        if (!input.IsArray)
        {
            context.Wrong("input", input, "Input should be a string or a list of items");
            return;
        }
        int index = 0;
        foreach (JsonValue item in input.Items)
        {
            if (index == context.Limits.Messages)
            {
                context.Problems.Add("input", $"List should have at most {context.Limits.Messages} items");
                return;
            }
            Texts.Add(item.RawText);
            ReadItem(item, $"input[{index++}]");
        }
        if (index == 0)
            context.Problems.Add("input", "List should have at least 1 item");
    }

    private void ReadItem(JsonValue item, string path)
    {
        if (!item.IsObject)
        {
            context.Problems.Add(path, "Input should be a valid dictionary");
            return;
        }
        string type = item["type"u8].TextOrNull ?? "message";
        switch (type)
        {
            case "message":
                ReadMessage(item, path);
                break;
            case "reasoning":
                AddToAssistant(Reasoning(item));
                break;
            case "function_call":
                AddCall(item, path, item["name"u8].TextOrNull, OpenAiMessages.Arguments(item["arguments"u8]));
                break;
            case "custom_tool_call":
                AddCall(item, path, item["name"u8].TextOrNull, $"{{\"input\":{Raw(item["input"u8], "\"\"")}}}");
                break;
            case "compaction" when Compaction.Read(item["encrypted_content"u8].TextOrNull ?? "") is { } summary:
                Messages.Add(ChatMessage.OfText(ChatRole.User, summary));
                break;
            case "item_reference":
                context.Problems.Add(path, $"Item with id '{item["id"u8].TextOrNull}' not found: send the item itself");
                break;
            default:
                ReadOther(item, type, path);
                break;
        }
    }

    private void ReadMessage(JsonValue item, string path)
    {
        string? role = context.RequiredText(item, "role"u8, path + ".role");
        List<ContentPart> parts = OpenAiMessages.ReadContent(item["content"u8], path + ".content", model, context);
        switch (role)
        {
            case null:
                break;
            case "user":
                Messages.Add(new ChatMessage(ChatRole.User, parts));
                UserTexts.Add(Texts[^1]);
                break;
            case "system" or "developer":
                Messages.Add(new ChatMessage(ChatRole.System, parts));
                break;
            case "assistant":
                parts.ForEach(AddToAssistant);
                break;
            default:
                context.Problems.Add(path + ".role", "Input should be 'user', 'assistant', 'system' or 'developer'");
                break;
        }
    }

    // Calls and outputs of tools that the client made up (shells, patches) all have a call_id.
    private void ReadOther(JsonValue item, string type, string path)
    {
        if (type.EndsWith("_output", StringComparison.Ordinal) && item["call_id"u8].IsString)
            AddResult(item, path);
        else if (type.EndsWith("_call", StringComparison.Ordinal) && item["call_id"u8].IsString)
            AddCall(item, path, type, Raw(item["action"u8], "{}"));
        else
            context.CountUnknown("responses.input.type", type);
    }

    private void AddResult(JsonValue item, string path)
    {
        List<ContentPart> content = OpenAiMessages.ReadContent(item["output"u8], path + ".output", model, context);
        var result = new ToolResultPart(item["call_id"u8].Text, content, IsError: false);
        OpenAiMessages.Append(Messages, ChatRole.Tool, result);
    }

    private void AddCall(JsonValue item, string path, string? name, string arguments)
    {
        string? id = context.RequiredText(item, "call_id"u8, path + ".call_id");
        if (name is null)
            context.Problems.Add(path + ".name", "Field required");
        else if (id is not null)
            AddToAssistant(new ToolCallPart(id, name, arguments));
    }

    private static ThinkingPart Reasoning(JsonValue item)
    {
        string text = "";
        JsonValue source = item["content"u8].IsArray ? item["content"u8] : item["summary"u8];
        foreach (JsonValue part in source.Items)
            text += part["text"u8].TextOrNull;
        return new ThinkingPart(text, item["encrypted_content"u8].TextOrNull ?? "");
    }

    private void AddToAssistant(ContentPart part)
    {
        if (part is not ThinkingPart { Text: "", Signature: "" })
            OpenAiMessages.Append(Messages, ChatRole.Assistant, part);
    }

    private static string Raw(JsonValue value, string otherwise) => value.IsNull ? otherwise : value.RawText;
}
