using System.Text.Json;
using FastMlx.Chat.Templates;

namespace FastMlx.Chat;

/// <summary>Messages and tools as the values that a template sees, with their origins marked.</summary>
internal static class PromptVariables
{
    public static DictionaryValue Of(PromptInput input, TemplateCapabilities can, PromptOptions options)
    {
        var variables = new DictionaryValue();
        var messages = new List<Value>();
        foreach (PromptMessage message in input.Messages)
            messages.Add(Message(message, TextOrigin.Message(messages.Count), input, can));
        variables.Set("messages", new ListValue(messages));
        variables.Set("tools", Tools(input.Tools, can));
        variables.Set("documents", NoneValue.Instance);
        variables.Set("add_generation_prompt", BooleanValue.Of(input.AsksForAnswer));
        foreach ((string name, string text) in options.SpecialTokens)
            variables.Set(name, new StringValue(text));
        variables.Set("enable_thinking", BooleanValue.Of(input.Thinks || can.AlwaysThinks));
        variables.Set("thinking", BooleanValue.Of(input.Thinks || can.AlwaysThinks));
        if (input.Effort is not null)
            variables.Set("reasoning_effort", new StringValue(input.Effort));
        AddArguments(variables, input.Arguments);
        return variables;
    }

    /// <summary>A tool as templates expect it: {"type": "function", "function": {…}}.</summary>
    public static DictionaryValue Tool(ToolDefinition tool, int origin)
    {
        var function = new DictionaryValue();
        function.Set("name", StringValue.Marked(tool.Name, origin));
        function.Set("description", StringValue.Marked(tool.Description, origin));
        function.Set("parameters", Json(tool.SchemaJson, origin));
        var entry = new DictionaryValue();
        entry.Set("type", new StringValue("function"));
        entry.Set("function", function);
        return entry;
    }

    /// <summary>A tool as one line of JSON, for places where its definition is text.</summary>
    public static string ToolText(ToolDefinition tool)
    {
        var budget = new Budget(TemplateLimits.Default, TimeProvider.System);
        var builder = new TextBuilder(budget);
        new JsonText(builder, budget).Append(Tool(tool, TextOrigin.Template));
        return builder.ToValue().Text;
    }

    private static Value Tools(IReadOnlyList<ToolDefinition> tools, TemplateCapabilities can)
    {
        // transformers passes None, not an empty list.
        if (tools.Count == 0 && !can.EmptyTools)
            return NoneValue.Instance;
        return new ListValue([.. tools.Select(tool => Tool(tool, TextOrigin.Tools))]);
    }

    private static DictionaryValue Message(
        PromptMessage message, int origin, PromptInput input, TemplateCapabilities can)
    {
        var entry = new DictionaryValue();
        entry.Set("role", new StringValue(message.Role switch
        {
            ChatRole.System => "system",
            ChatRole.User => "user",
            ChatRole.Assistant => "assistant",
            _ => "tool",
        }));
        entry.Set("content", Content(message, origin, can));
        if (message.Calls.Count > 0)
            entry.Set("tool_calls", new ListValue([.. message.Calls.Select(call => Call(call, origin, input, can))]));
        if (message.Role == ChatRole.Tool)
        {
            entry.Set("tool_call_id", StringValue.Marked(input.IdFor(message.CallId), origin));
            entry.Set("name", StringValue.Marked(message.ToolName, origin));
        }

        if (message.Thinking.Length > 0)
        {
            foreach (string field in can.ReasoningFields)
                entry.Set(field, StringValue.Marked(message.Thinking, origin));
        }

        return entry;
    }

    private static Value Content(PromptMessage message, int origin, TemplateCapabilities can)
    {
        if (message.Text.Length == 0 && message.Calls.Count > 0 && can.NoneContent)
            return NoneValue.Instance;
        StringValue text = StringValue.Marked(message.Text, origin);
        if (can.TextContent)
            return text;
        var part = new DictionaryValue();
        part.Set("type", new StringValue("text"));
        part.Set("text", text);
        return new ListValue([part]);
    }

    private static DictionaryValue Call(ToolCallPart call, int origin, PromptInput input, TemplateCapabilities can)
    {
        var function = new DictionaryValue();
        function.Set("name", StringValue.Marked(call.Name, origin));
        function.Set("arguments", can.TextArguments
            ? StringValue.Marked(call.ArgumentsJson, origin)
            : Json(call.ArgumentsJson, origin));
        var entry = new DictionaryValue();
        entry.Set("id", StringValue.Marked(input.IdFor(call.Id), origin));
        entry.Set("type", new StringValue("function"));
        entry.Set("function", function);
        return entry;
    }

    /// <summary>JSON as a value; what is no JSON object becomes an empty one.</summary>
    private static DictionaryValue Json(string json, int origin)
    {
        try
        {
            return JsonValues.Read(json, origin) is DictionaryValue dictionary ? dictionary : new DictionaryValue();
        }
        catch (JsonException)
        {
            return new DictionaryValue();
        }
    }

    private static void AddArguments(DictionaryValue variables, JsonElement? arguments)
    {
        if (arguments is not { ValueKind: JsonValueKind.Object } given)
            return;
        foreach (JsonProperty argument in given.EnumerateObject())
        {
            if (argument.Name is not ("messages" or "tools" or "add_generation_prompt"))
                variables.Set(argument.Name, JsonValues.Read(argument.Value, TextOrigin.Other));
        }
    }
}
