using System.Text;

namespace FastMlx.Api;

/// <summary>What a server tool did in an earlier turn, as text: the blocks mean nothing to an open model.</summary>
internal static class ServerHistory
{
    private const string ResultSuffix = "_tool_result";

    /// <summary>Null for a type that is none of these.</summary>
    public static string? TextOf(JsonValue block, string type) => type switch
    {
        "server_tool_use" or "mcp_tool_use" => $"[{block["name"u8].TextOrNull ?? type}({Raw(block["input"u8])})]",
        "container_upload" => $"[file {block["file_id"u8].TextOrNull}]",
        "fallback" => "",
        "web_search_tool_result" => Links(block["content"u8]),
        "tool_search_tool_result" => FoundTools(block["content"u8]["tool_references"u8]),
        "mcp_tool_result" => Texts(block["content"u8]),
        "browser_state" => Raw(block),
        _ when type.EndsWith(ResultSuffix, StringComparison.Ordinal) => Texts(block["content"u8]),
        _ => null,
    };

    private static string Links(JsonValue content)
    {
        if (content.IsObject)
            return $"[web search failed: {content["error_code"u8].TextOrNull}]";
        var text = new StringBuilder("[web search results]");
        foreach (JsonValue item in content.Items)
            text.Append('\n').Append(item["title"u8].TextOrNull).Append(" — ").Append(item["url"u8].TextOrNull);
        return text.ToString();
    }

    private static string FoundTools(JsonValue references)
    {
        var names = new List<string>();
        foreach (JsonValue item in references.Items)
            names.Add(item["tool_name"u8].TextOrNull ?? "");
        return $"[tools found: {string.Join(", ", names)}]";
    }

    // A string, text blocks, a document, an error, or output of code: the first kind of text that is there.
    private static string Texts(JsonValue content)
    {
        if (content.IsString)
            return content.Text;
        if (content.IsArray)
        {
            var texts = new List<string>();
            foreach (JsonValue item in content.Items)
                texts.Add(item["text"u8].TextOrNull ?? Raw(item));
            return string.Join('\n', texts);
        }
        return content["text"u8].TextOrNull
            ?? content["content"u8]["source"u8]["data"u8].TextOrNull
            ?? content["stdout"u8].TextOrNull
            ?? Raw(content);
    }

    private static string Raw(JsonValue value) => value.Exists ? value.RawText : "";
}
