using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Tools that Anthropic defines and the client runs: they come without a schema, so a model that never saw them needs
/// ours. Source of the shapes: anthropic-messages-api.md §5.2.
/// </summary>
internal static class ClientTools
{
    private const string Paths = "\"path\":{\"type\":\"string\",\"description\":\"Absolute path\"}";

    private const string Bash =
        "{\"type\":\"object\",\"properties\":{"
        + "\"command\":{\"type\":\"string\",\"description\":\"The command to run\"},"
        + "\"restart\":{\"type\":\"boolean\",\"description\":\"Start the shell anew\"}}}";

    private const string Edits =
        "\"file_text\":{\"type\":\"string\",\"description\":\"create: the whole content\"},"
        + "\"old_str\":{\"type\":\"string\",\"description\":\"str_replace: the text, which must occur once\"},"
        + "\"new_str\":{\"type\":\"string\",\"description\":\"str_replace: the new text\"},"
        + "\"insert_line\":{\"type\":\"integer\",\"description\":\"insert: the line after which to insert\"},"
        + "\"insert_text\":{\"type\":\"string\",\"description\":\"insert: the text\"},"
        + "\"view_range\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},"
        + "\"description\":\"view: first and last line\"}";

    private const string Editor =
        "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\","
        + "\"enum\":[\"view\",\"create\",\"str_replace\",\"insert\"]},"
        + Paths + "," + Edits + "},\"required\":[\"command\",\"path\"]}";

    private const string Memory =
        "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\","
        + "\"enum\":[\"view\",\"create\",\"str_replace\",\"insert\",\"delete\",\"rename\"]},"
        + Paths + "," + Edits
        + ",\"old_path\":{\"type\":\"string\",\"description\":\"rename: from\"},"
        + "\"new_path\":{\"type\":\"string\",\"description\":\"rename: to\"}}"
        + ",\"required\":[\"command\"]}";

    /// <summary>Null for a type that is not one of these.</summary>
    public static ToolDefinition? Find(string type, string? name) => type switch
    {
        _ when type.StartsWith("bash_", StringComparison.Ordinal) =>
            new ToolDefinition(name ?? "bash", "Run a command in a persistent bash shell.", Bash),
        _ when type.StartsWith("text_editor_", StringComparison.Ordinal) =>
            new ToolDefinition(name ?? "str_replace_based_edit_tool", "View, create and edit text files.", Editor),
        _ when type.StartsWith("memory_", StringComparison.Ordinal) =>
            new ToolDefinition(name ?? "memory", "Keep notes in files below /memories.", Memory),
        _ => null,
    };
}
