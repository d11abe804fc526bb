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

        // Calls without a result so far, with their places in call order.
        var open = new Dictionary<string, int>();

        // System messages between a call and its result, which no template can hold there: they follow the result.
        var held = new List<ChatMessage>();
        foreach (ChatMessage message in messages)
        {
            if (message.Role == ChatRole.System && open.Count > 0)
            {
                held.Add(message);
                continue;
            }
            bool isAnswer = message.Role is ChatRole.User or ChatRole.Tool;
            bool startsTurn = message.Role == ChatRole.Assistant
                && (held.Count > 0 || repaired is not [.., { Role: ChatRole.Assistant }]);
            if (startsTurn)
                AnswerOpen(repaired, open);
            if (message.Role == ChatRole.Assistant)
                AddCalls(message, open);
            if (!isAnswer)
                Release(held, repaired);
            repaired.Add(
                isAnswer && HasResult(message) ? message with { Parts = Answer(message.Parts, open) } : message);
            if (isAnswer)
                Release(held, repaired);
        }
        AnswerOpen(repaired, open);
        Release(held, repaired);
        return repaired;
    }

    private static void Release(List<ChatMessage> held, List<ChatMessage> repaired)
    {
        repaired.AddRange(held);
        held.Clear();
    }

    private static void AddCalls(ChatMessage message, Dictionary<string, int> open)
    {
        int order = open.Count;
        for (int i = 0; i < message.Parts.Count; i++)
        {
            if (message.Parts[i] is ToolCallPart call)
                open.TryAdd(call.Id, order++);
        }
    }

    private static bool HasResult(ChatMessage message)
    {
        for (int i = 0; i < message.Parts.Count; i++)
        {
            if (message.Parts[i] is ToolResultPart)
                return true;
        }
        return false;
    }

    // Results in call order, then the rest; a result that answers nothing becomes text. Answered calls leave `open`.
    private static List<ContentPart> Answer(IReadOnlyList<ContentPart> parts, Dictionary<string, int> open)
    {
        var results = new List<(int Order, ToolResultPart Result)>();
        var rest = new List<ContentPart>();
        foreach (ContentPart part in parts)
        {
            if (part is not ToolResultPart result)
                rest.Add(part);
            else if (open.Remove(result.CallId, out int order))
                results.Add((order, result));
            else
                AddOrphan(result, rest);
        }
        return [.. results.OrderBy(pair => pair.Order).Select(pair => pair.Result), .. rest];
    }

    private static void AddOrphan(ToolResultPart result, List<ContentPart> rest)
    {
        rest.Add(new TextPart($"[result of an earlier tool call {result.CallId}]"));
        rest.AddRange(result.Content);
    }

    // The turn that should have answered is over.
    private static void AnswerOpen(List<ChatMessage> messages, Dictionary<string, int> open)
    {
        if (open.Count == 0)
            return;
        List<ContentPart> results =
            [.. open.OrderBy(call => call.Value).Select(call =>
                new ToolResultPart(call.Key, [new TextPart(Missing)], true))];
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
