using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>`tools` and `tool_choice`.</summary>
internal static class ToolsReader
{
    internal sealed record Result(
        IReadOnlyList<ToolDefinition> Tools, ToolChoice Choice, bool AllowsParallel, IReadOnlyList<string> Unavailable)
    {
        /// <summary>A call was demanded that only a tool we do not have could answer.</summary>
        public bool IsUnanswerable { get; init; }

        public ToolDefinition? Find(string name) => Tools.FirstOrDefault(tool => tool.Name == name);

        public string? DirectAnswer(string lastUserText) => ServerTools.DirectAnswer(this, lastUserText);
    }

    public static Result Read(JsonValue body, ReadContext context)
    {
        JsonValue list = body["tools"u8];
        if (!list.IsNull && !list.IsArray)
            context.Problems.Add("tools", "Input should be a valid list");
        var tools = new List<ToolDefinition>();
        var unavailable = new List<string>();
        bool findsTools = false;
        int index = 0;
        if (list.CountItems() > context.Limits.Tools)
        {
            context.Problems.Add("tools", $"List should have at most {context.Limits.Tools} items");
            return new Result(tools, ToolChoice.Auto, true, unavailable);
        }
        foreach (JsonValue item in list.Items)
        {
            ToolDefinition? tool = ReadTool(item, index++, unavailable, context);
            findsTools |= item["type"u8].TextOrNull?.StartsWith(ServerTools.ToolSearch, StringComparison.Ordinal)
                ?? false;
            if (tool is not null && tools.TrueForAll(other => other.Name != tool.Name))
                tools.Add(tool);
        }
        AddDefinedOnTheWay(body["messages"u8], tools, context);
        // The API would search deferred tools itself. Without that search they could never be found: offer them.
        if (findsTools)
            tools = tools.ConvertAll(tool => tool with { Deferred = false });
        return ReadChoice(body["tool_choice"u8], new Result(tools, ToolChoice.Auto, true, unavailable), context);
    }

    // A tool_addition may carry the whole tool: it is known from the start and shown where it was added.
    private static void AddDefinedOnTheWay(
        JsonValue messages, List<ToolDefinition> tools, ReadContext context)
    {
        foreach (JsonValue message in messages.Items)
        {
            foreach (JsonValue block in message["content"u8].Items)
            {
                if (block["type"u8].TextEquals("tool_addition"u8) && tools.Count < context.Limits.Tools)
                    AddDefined(Definition(block["tool"u8]), tools, context);
            }
        }
    }

    private static void AddDefined(JsonValue item, List<ToolDefinition> tools, ReadContext context)
    {
        if (item.IsObject && ReadCustom(item, "messages.tool_addition.tool", context) is { } tool
            && tools.TrueForAll(other => other.Name != tool.Name))
        {
            tools.Add(tool with { Deferred = true });
        }
    }

    private static JsonValue Definition(JsonValue tool)
    {
        JsonValue[] candidates = [tool, tool["definition"u8], tool["tool"u8], tool["tool_definition"u8]];
        foreach (JsonValue candidate in candidates)
        {
            if (candidate["input_schema"u8].IsObject)
                return candidate;
        }
        return default;
    }

    /// <summary>One definition; null for a server tool, whose name is noted, and after a problem.</summary>
    public static ToolDefinition? ReadTool(JsonValue item, int index, List<string> unavailable, ReadContext context)
    {
        string path = $"tools.{index}";
        if (!item.IsObject)
        {
            context.Problems.Add(path, "Input should be a valid dictionary");
            return null;
        }
        context.NoteCacheMark(item);
        string? type = context.OptionalText(item, "type"u8, path + ".type");
        if (type is null or "custom" || item["input_schema"u8].IsObject)
            return ReadCustom(item, path + ".custom", context);
        string? name = item["name"u8].TextOrNull;
        if (ClientTools.Find(type, name) is { } tool)
            return tool with { Deferred = item["defer_loading"u8].IsTrue };
        if (context.IsStrict && !ServerTools.IsKnown(type))
        {
            context.Problems.Add(path,
                $"Input tag '{type}' found using 'type' does not match any of the expected tags: "
                + ServerTools.ExpectedTags);
        }
        unavailable.Add(name ?? type);
        return null;
    }

    private static ToolDefinition? ReadCustom(JsonValue item, string path, ReadContext context)
    {
        context.CheckNames(item, path, "tools", KnownFields.Tool);
        string? name = context.RequiredText(item, "name"u8, path + ".name");
        if (name is { Length: 0 })
            context.Problems.Add(path + ".name", "String should have at least 1 character");
        string description = context.OptionalText(item, "description"u8, path + ".description") ?? "";
        JsonValue schema = item["input_schema"u8];
        if (!schema.IsObject)
            context.Wrong(path + ".input_schema", schema, "Input should be a valid dictionary");
        if (name is null || !schema.IsObject)
            return null;
        string json = SchemaText.Of(schema, path + ".input_schema", context);
        return new ToolDefinition(name, description + Examples(item["input_examples"u8]), json)
        {
            Deferred = context.OptionalBoolean(item, "defer_loading"u8, path + ".defer_loading") ?? false,
            Strict = context.OptionalBoolean(item, "strict"u8, path + ".strict") ?? false,
        };
    }

    private static string Examples(JsonValue examples)
    {
        string text = "";
        foreach (JsonValue example in examples.Items)
            text += (text.Length == 0 ? "\n\nExample inputs:\n" : "\n") + example.RawText;
        return text;
    }

    private static Result ReadChoice(JsonValue choice, Result tools, ReadContext context)
    {
        if (choice.IsNull)
            return tools;
        if (!choice.IsObject)
        {
            context.Problems.Add("tool_choice", "Input should be a valid dictionary");
            return tools;
        }
        context.CheckNames(choice, "tool_choice", "tool_choice", KnownFields.ToolChoice);
        if (tools.Tools.Count == 0 && tools.Unavailable.Count == 0)
            context.Problems.Add("", "tool_choice may only be specified while providing tools.");
        string? type = context.RequiredText(choice, "type"u8, "tool_choice.type");
        bool isSingle = context.OptionalBoolean(
            choice, "disable_parallel_tool_use"u8, $"tool_choice.{type}.disable_parallel_tool_use") ?? false;
        tools = tools with { AllowsParallel = !isSingle };
        switch (type)
        {
            case null or "auto":
                return tools;
            case "none":
                return tools with { Choice = ToolChoice.None };
            case "any":
                return tools.Tools.Count > 0
                    ? tools with { Choice = ToolChoice.Any }
                    : tools with { IsUnanswerable = true };
            case "tool":
                return ReadNamed(choice, tools, context);
            default:
                context.Problems.Add("tool_choice",
                    $"Input tag '{type}' found using 'type' does not match any of the expected "
                    + "tags: 'auto', 'any', 'tool', 'none'");
                return tools;
        }
    }

    private static Result ReadNamed(JsonValue choice, Result tools, ReadContext context)
    {
        string? name = context.RequiredText(choice, "name"u8, "tool_choice.tool.name");
        if (name is null)
            return tools;
        if (tools.Find(name) is not null)
            return tools with { Choice = new ToolChoice(ToolChoiceKind.Named, name) };
        if (tools.Unavailable.Contains(name))
            return tools with { IsUnanswerable = true };
        context.Problems.Add("tool_choice.tool.name", $"Tool '{name}' not found in provided tools");
        return tools;
    }
}
