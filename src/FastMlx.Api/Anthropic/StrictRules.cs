namespace FastMlx.Api;

/// <summary>Rules that the API enforces and that a local user gains nothing from: on with --strict only.</summary>
internal static class StrictRules
{
    public const string BlockTags = "'document', 'image', 'redacted_thinking', 'search_result', 'server_tool_use', 'text', "
        + "'thinking', 'tool_result', 'tool_use', 'web_search_tool_result'";

    public static void Check(JsonValue body, int? maxTokens, ReadContext context)
    {
        _ = body;
        _ = maxTokens;
        _ = context;
    }
}
