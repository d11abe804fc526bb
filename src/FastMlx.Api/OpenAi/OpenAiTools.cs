using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// `tools` and `tool_choice` of OpenAI's APIs: nested as in chat completions or flat as in responses.
/// </summary>
internal static class OpenAiTools
{
    private const string NoParameters = "{\"type\":\"object\",\"properties\":{}}";

    // A custom tool takes free text; open models are given it as the one parameter of a function.
    private const string FreeText =
        "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}";

    internal sealed record Result(IReadOnlyList<ToolDefinition> Tools, ToolChoice Choice)
    {
        /// <summary>Tools whose calls are `custom_tool_call`s on the wire.</summary>
        public IReadOnlyList<string> Custom { get; init; } = [];

        /// <summary>Kinds of tools that we do not have (web search, files), by type.</summary>
        public IReadOnlyList<string> Unavailable { get; init; } = [];
    }

    public static Result Read(JsonValue body, bool isFlat, ReadContext context)
    {
        JsonValue list = body["tools"u8];
        if (!list.IsNull && !list.IsArray)
            context.Problems.Add("tools", "Input should be a valid list");
        var tools = new List<ToolDefinition>();
        var custom = new List<string>();
        var unavailable = new List<string>();
        int index = 0;
        if (list.CountItems() + body["functions"u8].CountItems() > context.Limits.Tools)
        {
            context.Problems.Add("tools", $"List should have at most {context.Limits.Tools} items");
            return new Result(tools, ToolChoice.Auto);
        }
        foreach (JsonValue item in list.Items)
            ReadTool(item, $"tools[{index++}]", isFlat, tools, custom, unavailable, context);
        foreach (JsonValue item in body["functions"u8].Items)
            AddFunction(item, $"functions[{index++}]", tools, context);
        JsonValue choice = body["tool_choice"u8].IsNull ? body["function_call"u8] : body["tool_choice"u8];
        return ReadChoice(choice, new Result(tools, ToolChoice.Auto) { Custom = custom, Unavailable = unavailable },
            context);
    }

    private static void ReadTool(
        JsonValue item,
        string path,
        bool isFlat,
        List<ToolDefinition> tools,
        List<string> custom,
        List<string> unavailable,
        ReadContext context)
    {
        string? type = context.RequiredText(item, "type"u8, path + ".type");
        JsonValue inner = type is null || isFlat ? item : item[System.Text.Encoding.UTF8.GetBytes(type)];
        switch (type)
        {
            case null:
                break;
            case "function":
                AddFunction(inner.Exists ? inner : item, path, tools, context);
                break;
            case "custom" when context.RequiredText(inner, "name"u8, path + ".name") is { } name:
                custom.Add(name);
                tools.Add(new ToolDefinition(name, DescriptionOf(inner), FreeText));
                break;
            default:
                unavailable.Add(type);
                break;
        }
    }

    // A grammar of the input is told in words: it is what the client will check.
    private static string DescriptionOf(JsonValue custom)
    {
        string description = custom["description"u8].TextOrNull ?? "";
        JsonValue format = custom["format"u8]["grammar"u8].IsObject ? custom["format"u8]["grammar"u8]
            : custom["format"u8];
        return format["definition"u8].TextOrNull is { } definition
            ? $"{description}\n\nThe input must match this {format["syntax"u8].TextOrNull} grammar:\n{definition}"
            : description;
    }

    private static void AddFunction(JsonValue function, string path, List<ToolDefinition> tools, ReadContext context)
    {
        string? name = context.RequiredText(function, "name"u8, path + ".function.name");
        JsonValue parameters = function["parameters"u8];
        if (!parameters.IsNull && !parameters.IsObject)
            context.Problems.Add(path + ".function.parameters", "Input should be a valid dictionary");
        if (name is null || tools.Exists(tool => tool.Name == name))
            return;
        string schema = parameters.IsObject ? SchemaText.Of(parameters, path + ".function.parameters", context)
            : NoParameters;
        string description = context.OptionalText(function, "description"u8, path + ".function.description") ?? "";
        tools.Add(new ToolDefinition(name, description, schema) { Strict = function["strict"u8].IsTrue });
    }

    private static Result ReadChoice(JsonValue choice, Result tools, ReadContext context)
    {
        if (choice.IsNull)
            return tools;
        string? mode = choice.IsString ? choice.Text : choice["type"u8].TextOrNull;
        switch (mode)
        {
            case "auto":
                return tools;
            case "none":
                return tools with { Choice = ToolChoice.None };
            case "required" or "any":
                return RequireTools(tools with { Choice = ToolChoice.Any }, context);
            case "allowed_tools":
                return Allowed(choice["allowed_tools"u8].IsObject ? choice["allowed_tools"u8] : choice, tools);
            default:
                return ReadNamed(choice, tools, context);
        }
    }

    private static Result ReadNamed(JsonValue choice, Result tools, ReadContext context)
    {
        string? name = choice["function"u8]["name"u8].TextOrNull ?? choice["custom"u8]["name"u8].TextOrNull
            ?? choice["name"u8].TextOrNull;
        if (name is null)
            context.Problems.Add("tool_choice", "Input should be 'none', 'auto', 'required' or a named function");
        else if (tools.Tools.All(tool => tool.Name != name))
            context.Problems.Add("tool_choice", $"Tool choice '{name}' not found in 'tools'");
        return tools with { Choice = name is null ? ToolChoice.Auto : new ToolChoice(ToolChoiceKind.Named, name) };
    }

    private static Result RequireTools(Result tools, ReadContext context)
    {
        if (tools.Tools.Count == 0)
            context.Problems.Add("tool_choice", "'tool_choice' is only allowed when 'tools' are specified");
        return tools;
    }

    private static Result Allowed(JsonValue allowed, Result tools)
    {
        var names = new List<string>();
        foreach (JsonValue item in allowed["tools"u8].Items)
            names.Add(item["function"u8]["name"u8].TextOrNull ?? item["name"u8].TextOrNull ?? "");
        List<ToolDefinition> kept = [.. tools.Tools.Where(tool => names.Contains(tool.Name))];
        bool isRequired = allowed["mode"u8].TextEquals("required"u8) && kept.Count > 0;
        return tools with { Tools = kept, Choice = isRequired ? ToolChoice.Any : ToolChoice.Auto };
    }
}
