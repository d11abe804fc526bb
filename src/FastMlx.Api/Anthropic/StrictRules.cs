namespace FastMlx.Api;

/// <summary>
/// Rules that the API enforces and that a local user gains nothing from: on with --strict only. Sentences from
/// anthropic-messages-api.md §15; those of messages are in <see cref="StrictMessages"/>.
/// </summary>
internal static class StrictRules
{
    public const string BlockTags = "'document', 'image', 'redacted_thinking', 'search_result', "
        + "'server_tool_use', 'text', 'thinking', 'tool_result', 'tool_use', 'web_search_tool_result'";

    private const int CacheMarksMax = 4;
    private const int ToolNameMax = 64;

    public static void Check(JsonValue body, int? maxTokens, ReadContext context)
    {
        CheckTools(body["tools"u8], context);
        CheckThinking(body, maxTokens, context);
        StrictMessages.Check(body, context);
        if (context.CacheMarks > CacheMarksMax)
        {
            context.Problems.Add("", $"A maximum of {CacheMarksMax} blocks with cache_control may be provided. "
                + $"Found {context.CacheMarks}.");
        }
    }

    private static void CheckTools(JsonValue tools, ReadContext context)
    {
        var names = new HashSet<string>();
        int index = 0, deferred = 0;
        bool hasDoubles = false;
        foreach (JsonValue tool in tools.Items)
        {
            deferred += tool["defer_loading"u8].IsTrue ? 1 : 0;
            if (tool["name"u8].TextOrNull is { } name)
                hasDoubles |= !names.Add(name);
            if (tool["type"u8].IsNull || tool["type"u8].TextEquals("custom"u8))
                CheckCustom(tool, $"tools.{index}.custom", context);
            index++;
        }
        if (hasDoubles)
            context.Problems.Add("tools", "Tool names must be unique.");
        if (index > 0 && deferred == index)
            context.Problems.Add("", "At least one tool must have defer_loading=false.");
    }

    private static void CheckCustom(JsonValue tool, string path, ReadContext context)
    {
        string name = tool["name"u8].TextOrNull ?? "_";
        if (name.Length > ToolNameMax || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            context.Problems.Add(path + ".name", "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'");
        JsonValue schema = tool["input_schema"u8];
        if (!schema.IsObject)
            return;
        JsonValue type = schema["type"u8];
        if (!type.TextEquals("object"u8))
            context.Wrong(path + ".input_schema.type", type, "Input should be 'object'");
        if (tool["strict"u8].IsTrue && HasOpenObject(schema))
        {
            context.Problems.Add(
                path + ".input_schema", "For 'object' type, 'additionalProperties' must be explicitly set to false");
        }
    }

    // An object schema without additionalProperties:false, anywhere.
    private static bool HasOpenObject(JsonValue schema)
    {
        if (schema["type"u8].TextEquals("object"u8)
            && schema["additionalProperties"u8].Kind != System.Text.Json.JsonTokenType.False)
            return true;
        foreach (JsonMember member in schema.Properties)
        {
            if (HasOpenObject(member.Value))
                return true;
        }
        foreach (JsonValue item in schema.Items)
        {
            if (HasOpenObject(item))
                return true;
        }
        return false;
    }

    private static void CheckThinking(JsonValue body, int? maxTokens, ReadContext context)
    {
        JsonValue thinking = body["thinking"u8];
        if (!thinking.IsObject || thinking["type"u8].TextEquals("disabled"u8))
            return;
        JsonValue choice = body["tool_choice"u8]["type"u8];
        if (choice.TextEquals("any"u8) || choice.TextEquals("tool"u8))
            context.Problems.Add("", "Thinking may not be enabled when tool_choice forces tool use.");
        if (body["temperature"u8].TryDouble(out double temperature) && temperature != 1)
            context.Problems.Add("", "`temperature` may only be set to 1 when thinking is enabled.");
        if (maxTokens == 0 && thinking["type"u8].TextEquals("enabled"u8))
            context.Problems.Add("max_tokens", "Input should be greater than or equal to 1");
    }
}
