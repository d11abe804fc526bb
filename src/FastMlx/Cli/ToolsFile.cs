using System.Text.Json;
using FastMlx.Chat;
using FastMlx.Chat.Output;

namespace FastMlx.Cli;

/// <summary>
/// Tools from a JSON file: a list in OpenAI's or Anthropic's shape, or an object with such a list in "tools".
/// </summary>
internal static class ToolsFile
{
    public static ToolSchemas Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement list = document.RootElement;
        if (list.ValueKind == JsonValueKind.Object && list.TryGetProperty("tools", out JsonElement inner))
            list = inner;
        if (list.ValueKind != JsonValueKind.Array)
            throw new JsonException($"{path} holds no list of tools");
        List<ToolDefinition> tools = [];
        foreach (JsonElement tool in list.EnumerateArray())
            tools.Add(Definition(tool, path));
        return ToolSchemas.Compile(tools);
    }

    private static ToolDefinition Definition(JsonElement tool, string path)
    {
        if (tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out JsonElement function))
            tool = function;
        if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("name", out JsonElement name)
            || name.ValueKind != JsonValueKind.String)
            throw new JsonException($"{path} holds a tool without a name");
        string schema = "{}";
        if (tool.TryGetProperty("parameters", out JsonElement parameters)
            || tool.TryGetProperty("input_schema", out parameters))
            schema = parameters.GetRawText();
        return new ToolDefinition(name.GetString()!, "", schema);
    }
}
