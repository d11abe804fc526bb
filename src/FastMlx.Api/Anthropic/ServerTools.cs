namespace FastMlx.Api;

/// <summary>
/// Tools that Anthropic's servers run. We have none: they are not offered to the model, and the model or the client
/// is told so in words. A refusal would end the client's turn, silence would leave the model pretending.
/// </summary>
internal static class ServerTools
{
    public const string ExpectedTags = "'custom', 'bash_20250124', 'text_editor_20250728', 'memory_20250818', "
        + "'web_search_20250305', 'web_fetch_20250910', 'code_execution_20250825'";

    /// <summary>Types of the tools that search the deferred tools.</summary>
    public const string ToolSearch = "tool_search_tool_";

    private static readonly string[] Kinds =
    [
        "web_search_", "web_fetch_", "code_execution_", ToolSearch, "mcp_toolset", "advisor_", "computer_",
        "browser_toolset_",
    ];

    // How Claude Code's WebSearch tool words its nested request.
    private const string SearchOrder = "Perform a web search for the query";

    public static bool IsKnown(string type) => Kinds.Any(kind => type.StartsWith(kind, StringComparison.Ordinal));

    /// <summary>For the system prompt; null where nothing is missing.</summary>
    public static string? Note(IReadOnlyList<string> unavailable)
    {
        string[] missing = [.. unavailable.Where(name => !name.StartsWith(ToolSearch, StringComparison.Ordinal))];
        return missing.Length == 0
            ? null
            : $"The following tools are not available on this server: {string.Join(", ", missing)}. "
                + "Do not call them and do not pretend to have used them. "
                + "If the task needs them, say so and answer from what you know.";
    }

    /// <summary>The text that answers a request which nothing but a missing tool could answer, or null.</summary>
    public static string? DirectAnswer(ToolsReader.Result tools, string lastUserText)
    {
        bool ordersSearch = tools.Tools.Count == 0 && tools.Unavailable.Contains("web_search")
            && lastUserText.StartsWith(SearchOrder, StringComparison.Ordinal);
        if (ordersSearch)
        {
            return "Web search is not available: this server runs a model on this machine and has no search provider. "
                + "No search was made. Answer from what you know, or fetch a known address with another tool.";
        }
        return tools.IsUnanswerable
            ? $"The tool {string.Join(", ", tools.Unavailable)} is not available on this server, so no call was made."
            : null;
    }
}
