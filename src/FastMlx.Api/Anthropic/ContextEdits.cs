using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// context_management (contract §9): takes old tool results and old thinking out of a conversation. Compaction and
/// edits that we do not know change nothing. A trigger in tokens is compared with an estimate, since this room has no
/// tokens.
/// </summary>
internal static class ContextEdits
{
    private const string Placeholder = "[cleared to save context]";
    private const int CharsPerToken = 4;
    private const long DefaultTrigger = 100_000;
    private const long DefaultKeep = 3;

    public static List<AppliedEdit> Apply(JsonValue management, List<ChatMessage> messages, ReadContext context)
    {
        var applied = new List<AppliedEdit>();
        foreach (JsonValue edit in management["edits"u8].Items)
        {
            string type = edit["type"u8].TextOrNull ?? "";
            AppliedEdit? made = type switch
            {
                "clear_thinking_20251015" => ClearThinking(type, edit["keep"u8], messages),
                "clear_tool_uses_20250919" => ClearToolUses(type, edit, messages),
                _ => null,
            };
            if (made is not null)
                applied.Add(made);
            else if (!type.StartsWith("clear_", StringComparison.Ordinal)
                && !type.StartsWith("compact_", StringComparison.Ordinal))
                context.CountUnknown("context_management.edits", type);
        }
        return applied;
    }

    private static AppliedEdit? ClearThinking(string type, JsonValue keep, List<ChatMessage> messages)
    {
        if (keep.TextEquals("all"u8))
            return null;
        long left = keep["value"u8].TryInteger(out long value) ? value : 1;
        int turns = 0, chars = 0;
        for (int i = messages.Count - 1; i >= 0; i--)
        {
            int ofTurn = messages[i].Parts.OfType<ThinkingPart>().Sum(part => part.Text.Length + part.Signature.Length);
            if (ofTurn == 0 || left-- > 0)
                continue;
            turns++;
            chars += ofTurn;
            messages[i] = messages[i] with { Parts = [.. messages[i].Parts.Where(part => part is not ThinkingPart)] };
        }
        return turns == 0 ? null : new AppliedEdit(type, 0, turns, chars / CharsPerToken);
    }

    private static AppliedEdit? ClearToolUses(string type, JsonValue edit, List<ChatMessage> messages)
    {
        HashSet<string> excluded = [.. Texts(edit["exclude_tools"u8])];
        Dictionary<string, string> names = [];
        foreach (ToolCallPart call in messages.SelectMany(message => message.Parts).OfType<ToolCallPart>())
            names.TryAdd(call.Id, call.Name);
        List<ToolResultPart> results = [.. messages.SelectMany(message => message.Parts).OfType<ToolResultPart>()
            .Where(result => !excluded.Contains(names.GetValueOrDefault(result.CallId, ""))
            && Chars(result.Content) > 0)];
        long keep = edit["keep"u8]["value"u8].TryInteger(out long kept) ? kept : DefaultKeep;
        HashSet<ToolResultPart> old = new(ReferenceEqualityComparer.Instance);
        old.UnionWith(results.SkipLast((int)Math.Clamp(keep, 0, int.MaxValue)));
        int tokens = old.Sum(result => Math.Max(0, Chars(result.Content) - Placeholder.Length)) / CharsPerToken;
        bool isEnough = !edit["clear_at_least"u8]["value"u8].TryInteger(out long least) || tokens >= least;
        if (old.Count == 0 || !isEnough || !IsTriggered(edit["trigger"u8], names.Count, messages))
            return null;
        bool clearsInputs = edit["clear_tool_inputs"u8].IsTrue;
        HashSet<string> oldCalls = [.. old.Select(result => result.CallId)];
        for (int i = 0; i < messages.Count; i++)
        {
            messages[i] = messages[i] with
            {
                Parts = [.. messages[i].Parts.Select(part => part switch
                {
                    ToolResultPart result when old.Contains(result) =>
                        result with { Content = [new TextPart(Placeholder)] },
                    ToolCallPart call when clearsInputs && oldCalls.Contains(call.Id) =>
                        call with { ArgumentsJson = "{}" },
                    _ => part,
                })],
            };
        }
        return new AppliedEdit(type, old.Count, 0, tokens);
    }

    private static bool IsTriggered(JsonValue trigger, int toolUses, List<ChatMessage> messages)
    {
        long value = trigger["value"u8].TryInteger(out long given) ? given : DefaultTrigger;
        return trigger["type"u8].TextEquals("tool_uses"u8)
            ? toolUses > value
            : messages.Sum(message => (long)Chars(message.Parts)) / CharsPerToken > value;
    }

    private static int Chars(IReadOnlyList<ContentPart> parts) => parts.Sum(part => part switch
    {
        TextPart text => text.Text.Length,
        ThinkingPart thinking => thinking.Text.Length,
        ToolCallPart call => call.ArgumentsJson.Length,
        ToolResultPart result => Chars(result.Content),
        MediaPart media => media.Note.Length,
        _ => 0,
    });

    private static List<string> Texts(JsonValue list)
    {
        var texts = new List<string>();
        foreach (JsonValue item in list.Items)
            texts.Add(item.TextOrNull ?? "");
        return texts;
    }
}
