using System.Text;
using System.Text.Json;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>`messages` of chat completions → the conversation. Results in a row become one tool message.</summary>
internal static class OpenAiMessages
{
    public static List<ChatMessage> Read(JsonValue list, string model, ReadContext context)
    {
        var messages = new List<ChatMessage>();
        if (!list.IsArray)
        {
            context.Wrong("messages", list, "Input should be a valid list");
            return messages;
        }
        int count = list.CountItems();
        if (count == 0)
            context.Problems.Add("messages", "List should have at least 1 item");
        if (count > context.Limits.Messages)
        {
            context.Problems.Add("messages", $"List should have at most {context.Limits.Messages} items");
            return messages;
        }
        int index = 0;
        foreach (JsonValue item in list.Items)
            ReadMessage(item, $"messages[{index++}]", model, messages, context);
        return ToolPairs.Repair(messages);
    }

    /// <summary>Text and media parts of a content; strings, lists and null.</summary>
    public static List<ContentPart> ReadContent(JsonValue content, string path, string model, ReadContext context)
    {
        var parts = new List<ContentPart>();
        if (content.IsString)
            AddText(content.Text, parts);
        else if (!content.IsNull && !content.IsArray)
            context.Problems.Add(path, "Input should be a string or a list of content parts");
        int index = 0;
        foreach (JsonValue part in content.Items)
            ReadPart(part, $"{path}[{index++}]", model, parts, context);
        return parts;
    }

    /// <summary>
    /// Arguments as a JSON object: from a text of JSON, an object, nothing, or something that is none of them.
    /// </summary>
    public static string Arguments(JsonValue arguments)
    {
        if (arguments.IsObject)
            return arguments.RawText;
        string text = arguments.TextOrNull ?? "";
        if (string.IsNullOrWhiteSpace(text))
            return "{}";
        return IsObject(text) ? text : $"{{\"input\":{arguments.RawText}}}";
    }

    /// <summary>Adds a part to the last message where it has the role, else a message. Linear in long runs.</summary>
    public static void Append(List<ChatMessage> messages, ChatRole role, ContentPart part)
    {
        if (messages is not [.., { } last] || last.Role != role)
            messages.Add(new ChatMessage(role, new List<ContentPart> { part }));
        else if (last.Parts is List<ContentPart> growing)
            growing.Add(part);
        else
            messages[^1] = last with { Parts = new List<ContentPart>(last.Parts) { part } };
    }

    private static void ReadMessage(
        JsonValue item, string path, string model, List<ChatMessage> messages, ReadContext context)
    {
        if (!item.IsObject)
        {
            context.Problems.Add(path, "Input should be a valid dictionary");
            return;
        }
        string? role = context.RequiredText(item, "role"u8, path + ".role");
        switch (role)
        {
            case null:
                break;
            case "system" or "developer" or "user":
                if (item["content"u8].IsNull && role == "user")
                    context.Problems.Add(path + ".content", "Field required");
                messages.Add(new ChatMessage(
                    role == "user" ? ChatRole.User : ChatRole.System,
                    ReadContent(item["content"u8], path + ".content", model, context)));
                break;
            case "assistant":
                AddAssistant(item, path, model, messages, context);
                break;
            case "tool" or "function":
                AddResult(item, role, path, model, messages, context);
                break;
            default:
                context.Problems.Add(
                    path + ".role", "Input should be 'system', 'developer', 'user', 'assistant', 'tool' or 'function'");
                break;
        }
    }

    private static void AddAssistant(
        JsonValue item, string path, string model, List<ChatMessage> messages, ReadContext context)
    {
        var parts = new List<ContentPart>();
        string? reasoning = item["reasoning_content"u8].TextOrNull ?? item["reasoning"u8].TextOrNull;
        if (!string.IsNullOrEmpty(reasoning))
            parts.Add(new ThinkingPart(reasoning, ""));
        parts.AddRange(ReadContent(item["content"u8], path + ".content", model, context));
        int index = 0;
        foreach (JsonValue call in item["tool_calls"u8].Items)
        {
            string at = $"{path}.tool_calls[{index++}]";
            JsonValue function = call["function"u8].IsObject ? call["function"u8] : call["custom"u8];
            string? name = context.RequiredText(function, "name"u8, at + ".function.name");
            JsonValue arguments = function["arguments"u8].Exists ? function["arguments"u8] : function["input"u8];
            if (name is not null)
                parts.Add(
                    new ToolCallPart(call["id"u8].TextOrNull
                        ?? $"call_{messages.Count}_{index}", name, Arguments(arguments)));
        }
        JsonValue old = item["function_call"u8];
        if (old.IsObject && context.RequiredText(old, "name"u8, path + ".function_call.name") is { } oldName)
            parts.Add(new ToolCallPart(oldName, oldName, Arguments(old["arguments"u8])));
        if (parts.Count > 0)
            messages.Add(new ChatMessage(ChatRole.Assistant, parts));
    }

    private static void AddResult(
        JsonValue item, string role, string path, string model, List<ChatMessage> messages, ReadContext context)
    {
        string? id = role == "tool"
            ? context.RequiredText(item, "tool_call_id"u8, path + ".tool_call_id")
            : context.RequiredText(item, "name"u8, path + ".name");
        if (id is null)
            return;
        var result = new ToolResultPart(id, ReadContent(item["content"u8], path + ".content", model, context),
            IsError: false);
        Append(messages, ChatRole.Tool, result);
    }

    private static void ReadPart(JsonValue part, string path, string model, List<ContentPart> parts,
        ReadContext context)
    {
        if (part.IsString)
        {
            AddText(part.Text, parts);
            return;
        }
        string? type = context.RequiredText(part, "type"u8, path + ".type");
        switch (type)
        {
            case null:
                break;
            case "text" or "input_text" or "output_text" or "summary_text" or "reasoning_text":
                AddText(context.RequiredText(part, "text"u8, path + ".text"), parts);
                break;
            case "refusal":
                AddText(part["refusal"u8].TextOrNull, parts);
                break;
            case "image_url" or "input_image" or "image":
                parts.Add(new MediaPart("image", $"[image omitted: model {model} has no vision]"));
                break;
            case "input_audio":
                parts.Add(new MediaPart("audio", $"[audio omitted: model {model} cannot hear]"));
                break;
            case "file" or "input_file":
                parts.Add(OpenAiFiles.Read(part, context));
                break;
            default:
                context.Problems.Add(path + ".type", $"'{type}' is not a type of content that this server knows");
                break;
        }
    }

    private static bool IsObject(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 128 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read())
            {
                // Only that it ends well matters.
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void AddText(string? text, List<ContentPart> parts)
    {
        if (!string.IsNullOrEmpty(text))
            parts.Add(new TextPart(text));
    }
}
