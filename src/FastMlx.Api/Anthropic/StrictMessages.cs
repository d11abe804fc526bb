namespace FastMlx.Api;

/// <summary>The API's rules about the shape of a conversation, with its own sentences.</summary>
internal static class StrictMessages
{
    private const string Cleared = "(clear_at: 'next_user_message')";

    public static void Check(JsonValue body, ReadContext context)
    {
        CheckSystem(body["system"u8], context);
        JsonValue list = body["messages"u8];
        List<JsonValue> messages = [];
        foreach (JsonValue message in list.Items)
            messages.Add(message);
        if (messages.Count == 0)
            return;
        if (!IsRole(messages[0], "user"u8))
            context.Problems.Add("messages", "first message must use the \"user\" role");
        for (int i = 0; i < messages.Count; i++)
        {
            CheckContent(messages[i], i, isLast: i == messages.Count - 1, context);
            if (IsRole(messages[i], "system"u8))
                CheckSystemRole(messages, i, context);
            else if (!messages[i]["clear_at"u8].IsNull)
                context.Problems.Add($"messages.{i}.clear_at", "clear_at is only permitted on role 'system' messages");
        }
        CheckPrefill(messages[^1], context);
        StrictPairs.Check(messages, context);
    }

    private static void CheckSystem(JsonValue system, ReadContext context)
    {
        foreach (JsonValue block in system.Items)
        {
            if (block["text"u8].TextOrNull is { Length: 0 })
                context.Problems.Add("system", "text content blocks must be non-empty");
        }
    }

    private static void CheckContent(JsonValue message, int index, bool isLast, ReadContext context)
    {
        JsonValue content = message["content"u8];
        bool isEmpty = content.TextOrNull is { Length: 0 } || (content.IsArray && content.CountItems() == 0);
        bool mayBeEmpty = (isLast && IsRole(message, "assistant"u8))
            || (IsRole(message, "system"u8) && message["output_config"u8].IsObject);
        if (isEmpty && !mayBeEmpty)
        {
            context.Problems.Add(
                $"messages.{index}",
                    "all messages must have non-empty content except for the optional final assistant message");
        }
        if (!isEmpty && content.IsString && string.IsNullOrWhiteSpace(content.Text))
            context.Problems.Add("messages", "text content blocks must contain non-whitespace text");
        int block = 0;
        foreach (JsonValue item in content.Items)
            CheckText(item, $"messages.{index}.content.{block++}", context);
    }

    private static void CheckText(JsonValue block, string path, ReadContext context)
    {
        if (!block["type"u8].TextEquals("text"u8) || block["text"u8].TextOrNull is not { } text)
            return;
        if (text.Length == 0)
            context.Problems.Add("messages", "text content blocks must be non-empty");
        else if (string.IsNullOrWhiteSpace(text))
            context.Problems.Add("messages", "text content blocks must contain non-whitespace text");
        if (text.Length == 0 && block["cache_control"u8].IsObject)
            context.Problems.Add(path + ".text.cache_control", "cache_control cannot be set for empty text blocks");
    }

    private static void CheckSystemRole(List<JsonValue> messages, int index, ReadContext context)
    {
        JsonValue message = messages[index];
        bool onlyConfigures = message["output_config"u8].IsObject && message["content"u8].CountItems() == 0;
        bool follows = index > 0 && (IsRole(messages[index - 1], "user"u8) || IsRole(messages[index - 1], "system"u8));
        bool precedes = index == messages.Count - 1
            || IsRole(messages[index + 1], "assistant"u8) || IsRole(messages[index + 1], "system"u8);
        if (!onlyConfigures && index > 0 && !follows)
            context.Problems.Add($"messages.{index}", "role 'system' must directly follow a user message");
        if (!onlyConfigures && !precedes)
            context.Problems.Add($"messages.{index}",
                "role 'system' must be last or be followed by an assistant message");
        CheckClearAt(message, $"messages.{index}", context);
    }

    private static void CheckClearAt(JsonValue message, string path, ReadContext context)
    {
        JsonValue clear = message["clear_at"u8];
        if (clear.IsNull || clear.TextEquals("never"u8))
            return;
        if (!clear.TextEquals("next_user_message"u8))
        {
            context.Problems.Add(path + ".clear_at", "Input should be 'next_user_message' or 'never'");
            return;
        }
        if (message["output_config"u8].IsObject)
            context.Problems.Add(path, $"output_config is not permitted on a turn-scoped system message {Cleared}");
        int block = 0;
        foreach (JsonValue item in message["content"u8].Items)
        {
            if (!item["type"u8].TextEquals("text"u8))
                context.Problems.Add(path, $"a turn-scoped system message supports text blocks only {Cleared}");
            if (item["cache_control"u8].IsObject)
            {
                context.Problems.Add(
                    $"{path}.content.{block}",
                        $"cache_control is not permitted on a turn-scoped system message {Cleared}");
            }
            block++;
        }
    }

    private static void CheckPrefill(JsonValue last, ReadContext context)
    {
        if (!IsRole(last, "assistant"u8))
            return;
        JsonValue content = last["content"u8];
        string text = content.TextOrNull ?? "";
        foreach (JsonValue block in content.Items)
            text = block["text"u8].TextOrNull ?? "";
        if (text.Length > 0 && char.IsWhiteSpace(text[^1]))
            context.Problems.Add("messages", "final assistant content cannot end with trailing whitespace");
    }

    internal static bool IsRole(JsonValue message, ReadOnlySpan<byte> role) => message["role"u8].TextEquals(role);
}
