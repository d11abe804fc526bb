using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Content blocks → parts. Knows every block type of the contract; the unknown ones give their text or nothing.
/// </summary>
internal sealed class BlockReader(ReadContext context, string model, ToolsReader.Result tools)
{
    private readonly MediaReader _media = new(context, model);
    private string? _compaction;

    public HashSet<string> Removed { get; } = [];

    /// <summary>The summary of a `compaction` block that was just read, once.</summary>
    public string? TakeCompaction()
    {
        string? summary = _compaction;
        _compaction = null;
        return summary;
    }

    public void Read(JsonValue block, ChatRole role, string path, List<ContentPart> parts)
    {
        if (!block.IsObject)
        {
            context.Problems.Add(path, "Input should be a valid dictionary");
            return;
        }
        context.NoteCacheMark(block);
        string? type = context.RequiredText(block, "type"u8, path, "");
        switch (type)
        {
            case null: break;
            case "text": ReadText(block, path, parts); break;
            case "thinking": ReadThinking(block, path, parts); break;
            case "redacted_thinking": break;
            case "tool_use": ReadToolUse(block, path, parts); break;
            case "tool_result": ReadToolResult(block, role, path, parts); break;
            case "tool_addition": ReadAddition(block["tool"u8], parts); break;
            case "tool_removal": ReadRemoval(block["tool"u8], parts); break;
            case "tool_reference": AddReference(NameOf(block), parts); break;
            case "compaction": _compaction = block["content"u8].TextOrNull; break;
            case "image" or "document" or "search_result": _media.Read(block, type, path, parts); break;
            default: ReadOther(block, type, path, parts); break;
        }
    }

    private void ReadText(JsonValue block, string path, List<ContentPart> parts)
    {
        context.CheckNames(block, path, "messages.content.text", KnownFields.Text, "text");
        string? text = context.RequiredText(block, "text"u8, path, "text");
        AddText(text, parts);
    }

    private void ReadThinking(JsonValue block, string path, List<ContentPart> parts)
    {
        context.CheckNames(block, path + ".thinking", "messages.content.thinking", KnownFields.ThinkingBlock);
        string text = context.OptionalText(block, "thinking"u8, path + ".thinking.thinking") ?? "";
        string signature = context.OptionalText(block, "signature"u8, path + ".thinking.signature") ?? "";
        if (text.Length > 0 || signature.Length > 0)
            parts.Add(new ThinkingPart(text, signature));
    }

    private void ReadToolUse(JsonValue block, string path, List<ContentPart> parts)
    {
        const string Kind = "tool_use";
        context.CheckNames(block, path, "messages.content.tool_use", KnownFields.ToolUse, Kind);
        string? id = context.RequiredText(block, "id"u8, path, Kind);
        string? name = context.RequiredText(block, "name"u8, path, Kind);
        JsonValue input = block["input"u8];
        if (context.IsStrict && !input.IsObject)
            context.Wrong(path + ".tool_use.input", input, "Input should be a valid dictionary");
        if (id is null || name is null)
            return;
        // Claude Code echoes a call that it could not parse as an array or a string.
        string arguments = input.IsObject ? input.RawText : input.IsNull ? "{}" : $"{{\"input\":{input.RawText}}}";
        parts.Add(new ToolCallPart(id, name, arguments));
    }

    private void ReadToolResult(JsonValue block, ChatRole role, string path, List<ContentPart> parts)
    {
        path += ".tool_result";
        context.CheckNames(block, path, "messages.content.tool_result", KnownFields.ToolResult);
        string? id = context.RequiredText(block, "tool_use_id"u8, path, "");
        bool isError = context.OptionalBoolean(block, "is_error"u8, path + ".is_error") ?? false;
        var content = new List<ContentPart>();
        JsonValue value = block["content"u8];
        if (value.IsString)
            AddText(value.Text, content);
        else if (!value.IsNull && !value.IsArray)
            context.Problems.Add(path + ".content", "Input should be a valid list");
        int index = 0;
        foreach (JsonValue item in value.Items)
            ReadResultItem(item, role, $"{path}.content.{index++}", content);
        if (id is not null)
            parts.Add(new ToolResultPart(id, content, isError));
    }

    // Results hold no calls and no results: a block of that kind there would nest without end.
    private void ReadResultItem(JsonValue item, ChatRole role, string path, List<ContentPart> content)
    {
        if (item.IsString)
            AddText(item.Text, content);
        else if (item["type"u8].TextEquals("tool_result"u8) || item["type"u8].TextEquals("tool_use"u8))
            AddText(item.RawText, content);
        else
            Read(item, role, path, content);
    }

    private void ReadAddition(JsonValue tool, List<ContentPart> parts)
    {
        string? name = NameOf(tool);
        if (name is not null && Removed.Remove(name) && tools.Find(name) is not null)
            AddText($"The tool {name} is available again.", parts);
        else
            AddReference(name, parts);
    }

    private void ReadRemoval(JsonValue tool, List<ContentPart> parts)
    {
        if (NameOf(tool) is not { } name)
            return;
        Removed.Add(name);
        AddText($"The tool {name} is no longer available. Do not call it.", parts);
    }

    private static string? NameOf(JsonValue tool) =>
        tool["name"u8].TextOrNull ?? tool["tool_name"u8].TextOrNull ?? tool["server_name"u8].TextOrNull
        ?? tool["tool"u8]["name"u8].TextOrNull ?? tool["definition"u8]["name"u8].TextOrNull
        ?? tool["tool_definition"u8]["name"u8].TextOrNull;

    // Only a deferred tool is rendered where it is named; the others stand in the head already.
    private void AddReference(string? name, List<ContentPart> parts)
    {
        if (string.IsNullOrEmpty(name))
            return;
        if (tools.Find(name) is { Deferred: true })
            parts.Add(new ToolReferencePart(name));
        else
            AddText(tools.Find(name) is null ? $"The tool {name} is not available here."
                : $"The tool {name} is available.", parts);
    }

    private void ReadOther(JsonValue block, string type, string path, List<ContentPart> parts)
    {
        if (ServerHistory.TextOf(block, type) is { } text)
        {
            AddText(text, parts);
            return;
        }
        if (context.IsStrict)
        {
            context.Problems.Add(path,
                $"Input tag '{type}' found using 'type' does not match any of the expected tags: "
                + StrictRules.BlockTags);
        }
        context.CountUnknown("messages.content.type", type);
        AddText(block["text"u8].TextOrNull ?? block["content"u8].TextOrNull, parts);
    }

    private static void AddText(string? text, List<ContentPart> parts)
    {
        if (!string.IsNullOrEmpty(text))
            parts.Add(new TextPart(text));
    }
}
