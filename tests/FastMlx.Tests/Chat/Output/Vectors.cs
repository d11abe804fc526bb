using System.Text.Json;
using FastMlx.Chat;
using FastMlx.Chat.Output;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Reads the shared corpora; they lie beside the repository or are not there.</summary>
internal static class Vectors
{
    public static string? Path(string name) =>
        Repository.Shared is { } shared ? System.IO.Path.Combine(shared, "corpora", name) : null;

    public static List<JsonElement> Read(string path) =>
        [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)];

    public static ToolSchemas Tools(JsonElement vector)
    {
        List<ToolDefinition> tools = [];
        foreach (JsonElement tool in vector.GetProperty("tools").EnumerateArray())
        {
            JsonElement function = tool.GetProperty("function");
            string schema = function.TryGetProperty("parameters", out JsonElement parameters)
                ? parameters.GetRawText()
                : "{}";
            tools.Add(new ToolDefinition(function.GetProperty("name").GetString()!, "", schema));
        }
        return ToolSchemas.Compile(tools);
    }

    public static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";
}
