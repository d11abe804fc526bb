using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Puts calls and results together the way templates need them: each call is followed by exactly one result, in the
/// order of the calls. Clients that compacted, resumed or moved a session send broken pairs, and their users cannot
/// mend them. Depends only on what stands before a turn's end, so that a longer conversation extends a shorter one.
/// </summary>
internal static class ToolPairs
{
    private const string Missing = "(no result)";

    public static List<ChatMessage> Repair(List<ChatMessage> messages)
    {
        var repaired = new List<ChatMessage>(messages.Count);
        var open = new List<string>();
        foreach (ChatMessage message in messages)
        {
            switch (message.Role)
            {
                case ChatRole.Assistant:
                    if (!Follows(repaired, ChatRole.Assistant))
                        AnswerOpen(repaired, open);
                    foreach (ToolCallPart call in message.Parts.OfType<ToolCallPart>())
                        open.Add(call.Id);
                    repaired.Add(message);
                    break;
                case ChatRole.User or ChatRole.Tool:
                    repaired.Add(message with { Parts = Answer(message.Parts, open) });
                    break;
                default:
                    repaired.Add(message);
                    break;
            }
        }
        AnswerOpen(repaired, open);
        return repaired;
    }

    private static bool Follows(List<ChatMessage> messages, ChatRole role) =>
        messages.Count > 0 && messages[^1].Role == role;

    // Results in call order, then the rest; orphans become text. Calls that stay open are removed from `open` as they
    // answer.
    private static List<ContentPart> Answer(IReadOnlyList<ContentPart> parts, List<string> open)
    {
        var results = new List<ToolResultPart>();
        var rest = new List<ContentPart>();
        foreach (ContentPart part in parts)
        {
            if (part is not ToolResultPart result)
                rest.Add(part);
            else if (open.Contains(result.CallId) && results.TrueForAll(other => other.CallId != result.CallId))
                results.Add(result);
            else
                AddOrphan(result, rest);
        }
        List<ContentPart> answered = [.. results.OrderBy(result => open.IndexOf(result.CallId))];
        open.RemoveAll(id => results.Exists(result => result.CallId == id));
        answered.AddRange(rest);
        return answered;
    }

    private static void AddOrphan(ToolResultPart result, List<ContentPart> rest)
    {
        rest.Add(new TextPart($"[result of an earlier tool call {result.CallId}]"));
        rest.AddRange(result.Content);
    }

    // The turn that should have answered is over.
    private static void AnswerOpen(List<ChatMessage> messages, List<string> open)
    {
        if (open.Count == 0)
            return;
        List<ContentPart> results = [.. open.Select(id =>
            new ToolResultPart(id, [new TextPart(Missing)], IsError: true))];
        open.Clear();
        int at = messages.FindLastIndex(message => message.Role == ChatRole.Assistant) + 1;
        if (at < messages.Count && messages[at].Role is ChatRole.User or ChatRole.Tool)
            messages[at] = messages[at] with { Parts = Merge(messages[at].Parts, results) };
        else
            messages.Insert(at, new ChatMessage(ChatRole.User, results));
    }

    private static List<ContentPart> Merge(IReadOnlyList<ContentPart> parts, List<ContentPart> results) =>
        [.. parts.OfType<ToolResultPart>(), .. results, .. parts.Where(part => part is not ToolResultPart)];
}
