namespace FastMlx.Api;

/// <summary>
/// The API's rules about calls and their results: the next user turn answers each call once, results first.
/// </summary>
internal static class StrictPairs
{
    public static void Check(List<JsonValue> messages, ReadContext context)
    {
        var seen = new HashSet<string>();
        bool hasDoubles = false;
        for (int i = 0; i < messages.Count; i++)
        {
            if (StrictMessages.IsRole(messages[i], "assistant"u8))
            {
                foreach (string id in Calls(messages[i]))
                    hasDoubles |= !seen.Add(id);
            }
            if (StartsTurn(messages, i, "assistant"u8))
                CheckAnswered(messages, i, context);
            if (StartsTurn(messages, i, "user"u8))
                CheckResults(messages, i, context);
        }
        if (hasDoubles)
            context.Problems.Add("messages", "`tool_use` ids must be unique");
    }

    private static void CheckAnswered(List<JsonValue> messages, int index, ReadContext context)
    {
        List<string> calls = [];
        int next = index;
        for (; next < messages.Count && StrictMessages.IsRole(messages[next], "assistant"u8); next++)
            calls.AddRange(Calls(messages[next]));
        if (next == messages.Count && calls.Count == 0)
            return;
        HashSet<string> answered = [.. Results(messages, next).Select(result => result.Id)];
        string[] missing = [.. calls.Where(id => !answered.Contains(id))];
        if (missing.Length > 0)
        {
            context.Problems.Add(
                $"messages.{next - 1}",
                "`tool_use` ids were found without `tool_result` blocks immediately after: "
                    + string.Join(", ", missing)
                + ". Each `tool_use` block must have a corresponding `tool_result` block in the next message.");
        }
    }

    private static void CheckResults(List<JsonValue> messages, int index, ReadContext context)
    {
        HashSet<string> calls = [];
        for (int i = index - 1; i >= 0 && StrictMessages.IsRole(messages[i], "assistant"u8); i--)
            calls.UnionWith(Calls(messages[i]));
        HashSet<string> seen = [];
        foreach ((string id, string path, bool isFirst) in Results(messages, index))
        {
            if (!calls.Contains(id))
            {
                context.Problems.Add(path,
                    $"unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` "
                    + "block must have a corresponding `tool_use` block in the previous message.");
            }
            else if (!seen.Add(id))
            {
                context.Problems.Add(
                    path,
                    $"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}");
            }
            else if (!isFirst)
            {
                context.Problems.Add(path[..path.IndexOf(".content", StringComparison.Ordinal)],
                    "`tool_result` blocks must come first in the content of a user message");
            }
        }
    }

    // The results of the user turn that begins there; isFirst: only results stand before it.
    private static List<(string Id, string Path, bool IsFirst)> Results(List<JsonValue> messages, int index)
    {
        List<(string, string, bool)> results = [];
        bool isFirst = true;
        for (; index < messages.Count && StrictMessages.IsRole(messages[index], "user"u8); index++)
        {
            int block = 0;
            isFirst &= !messages[index]["content"u8].IsString;
            foreach (JsonValue item in messages[index]["content"u8].Items)
            {
                if (item["type"u8].TextEquals("tool_result"u8) && item["tool_use_id"u8].TextOrNull is { } id)
                    results.Add((id, $"messages.{index}.content.{block}", isFirst));
                else
                    isFirst = false;
                block++;
            }
        }
        return results;
    }

    private static List<string> Calls(JsonValue message)
    {
        List<string> ids = [];
        foreach (JsonValue block in message["content"u8].Items)
        {
            if (block["type"u8].TextEquals("tool_use"u8) && block["id"u8].TextOrNull is { } id)
                ids.Add(id);
        }
        return ids;
    }

    private static bool StartsTurn(List<JsonValue> messages, int index, ReadOnlySpan<byte> role) =>
        StrictMessages.IsRole(messages[index], role)
            && (index == 0 || !StrictMessages.IsRole(messages[index - 1], role));
}
