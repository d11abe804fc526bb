namespace FastMlx.Chat;

/// <summary>
/// A conversation as messages that a template accepts. What becomes of a message depends only on itself and on what
/// stands before it up to the answer that follows it, so that a longer conversation extends a shorter one.
/// </summary>
internal sealed class ConversationNormalizer(TemplateCapabilities can, IReadOnlyList<ToolDefinition> tools)
{
    private const string Paragraph = "\n\n";
    private const string BillingLine = "x-anthropic-billing-header:";

    private readonly List<PromptMessage> _messages = [];
    private readonly Dictionary<string, string> _toolNames = [];

    public List<PromptMessage> Normalize(IReadOnlyList<ChatMessage> conversation)
    {
        if (tools.Any(tool => !tool.Deferred) && !can.Tools)
            Add(new PromptMessage(ChatRole.System, GenericTools.Describe(tools), -1));
        for (int i = 0; i < conversation.Count; i++)
        {
            switch (conversation[i].Role)
            {
                case ChatRole.System:
                    AddSystem(conversation[i], i);
                    break;
                case ChatRole.Assistant:
                    AddAnswer(conversation[i], i);
                    break;
                default:
                    AddRequest(conversation[i], i);
                    break;
            }
        }

        return _messages;
    }

    private void AddSystem(ChatMessage message, int source)
    {
        var texts = new List<string>();
        foreach (ContentPart part in message.Parts)
        {
            string text = TextOf(part);
            if (text.Length > 0 && !text.StartsWith(BillingLine, StringComparison.Ordinal))
                texts.Add(text);
        }

        if (texts.Count > 0)
            Add(new PromptMessage(ChatRole.System, string.Join(Paragraph, texts), source));
    }

    private void AddRequest(ChatMessage message, int source)
    {
        var results = new List<PromptMessage>();
        var texts = new List<string>();
        foreach (ContentPart part in message.Parts)
        {
            if (part is ToolResultPart result)
                results.Add(ResultOf(result, source));
            else if (TextOf(part) is { Length: > 0 } text)
                texts.Add(text);
        }

        foreach (PromptMessage result in InCallOrder(results))
            Add(result);
        if (texts.Count > 0 || results.Count == 0)
            Add(new PromptMessage(ChatRole.User, string.Join('\n', texts), source));
    }

    private void AddAnswer(ChatMessage message, int source)
    {
        string text = "";
        string thinking = "";
        string signature = "";
        var calls = new List<ToolCallPart>();
        foreach (ContentPart part in message.Parts)
        {
            switch (part)
            {
                case ThinkingPart thought:
                    thinking += (thinking.Length > 0 && thought.Text.Length > 0 ? Paragraph : "") + thought.Text;
                    signature = thought.Signature.Length > 0 ? thought.Signature : signature;
                    break;
                case ToolCallPart call:
                    calls.Add(call);
                    _toolNames[call.Id] = call.Name;
                    break;
                default:
                    text += TextOf(part);
                    break;
            }
        }

        var answer = new PromptMessage(ChatRole.Assistant, text, source)
        {
            Calls = calls,
            AnswerCallIds = [.. calls.Select(call => call.Id)],
            Thinking = thinking,
            Signature = signature,
            IsWholeAnswer = true,
        };
        foreach (PromptMessage part in Arrange(answer))
            Add(part);
    }

    /// <summary>The answer in the form that the template takes.</summary>
    private List<PromptMessage> Arrange(PromptMessage answer)
    {
        if (answer.Calls.Count == 0)
            return [answer];
        if (!can.ToolCalls)
            return [answer with { Text = GenericTools.WithCalls(answer.Text, answer.Calls), Calls = [] }];
        if (answer.Thinking.Length > 0 && answer.Text.Length > 0 && !can.ReasoningWithTextAndCalls)
            answer = answer with { Thinking = answer.Thinking + Paragraph + answer.Text, Text = "" };
        var arranged = new List<PromptMessage>();
        if (answer.Text.Length > 0 && !can.TextWithCalls)
        {
            if (can.TextBeforeCalls)
                arranged.Add(answer with { Calls = [] });
            answer = answer with { Text = "", Thinking = can.TextBeforeCalls ? "" : answer.Thinking };
        }

        if (answer.Calls.Count > 1 && !can.ParallelCalls)
        {
            foreach (ToolCallPart call in answer.Calls)
                arranged.Add(answer with { Calls = [call], IsWholeAnswer = false });
        }
        else
        {
            arranged.Add(answer);
        }

        return arranged;
    }

    private void Add(PromptMessage message)
    {
        PromptMessage? last = _messages.Count > 0 ? _messages[^1] : null;
        switch (message.Role)
        {
            case ChatRole.System:
                PlaceSystem(message, last);
                break;
            case ChatRole.Tool when !can.ToolCalls:
                AddUser(message with { Role = ChatRole.User, Text = GenericTools.Result(message.Text) }, last);
                break;
            case ChatRole.Tool:
                PlaceResult(message);
                break;
            case ChatRole.User:
                AddUser(message, last);
                break;
            default:
                if (last is { Role: ChatRole.Assistant, Calls.Count: 0 } && last.Source != message.Source)
                    Join(message, "");
                else
                    _messages.Add(message);
                break;
        }
    }

    private void PlaceSystem(PromptMessage message, PromptMessage? last)
    {
        if (last is null || (last.Role == ChatRole.System && _messages.Count == 1))
        {
            if (last is not null)
                Join(message, Paragraph);
            else if (can.SystemFirst)
                _messages.Add(message);
            else
                _messages.Add(message with { Role = ChatRole.User });
            return;
        }

        bool inPlace = last.Role switch
        {
            ChatRole.Tool => can.SystemAfterTool,
            ChatRole.System => true,
            _ => can.SystemInside,
        };
        if (last.Role == ChatRole.System)
            Join(message, Paragraph);
        else if (inPlace)
            _messages.Add(message);
        else if (last.Role == ChatRole.Assistant)
            _messages.Add(message with { Role = ChatRole.User, Text = Reminder(message.Text) });
        else
            Join(message with { Text = Reminder(message.Text) }, Paragraph);
    }

    private void AddUser(PromptMessage message, PromptMessage? last)
    {
        if (last?.Role == ChatRole.User)
            Join(message, message.Text.Length > 0 && last.Text.Length > 0 ? Paragraph : "");
        else if (last?.Role == ChatRole.Tool && !can.UserAfterTool)
            Join(message, Paragraph);
        else
            _messages.Add(message);
    }

    /// <summary>Where calls stand in messages of their own, each result goes right behind its call.</summary>
    private void PlaceResult(PromptMessage result)
    {
        if (!can.ParallelCalls)
        {
            int at = _messages.FindLastIndex(m => m.Calls.Any(call => call.Id == result.CallId));
            if (at >= 0)
            {
                _messages.Insert(at + 1, result);
                return;
            }
        }

        _messages.Add(result);
    }

    private void Join(PromptMessage message, string separator) =>
        _messages[^1] = _messages[^1] with
        {
            Text = _messages[^1].Text + separator + message.Text,
            Calls = message.Calls,
            Thinking = _messages[^1].Thinking + message.Thinking,
            AnswerCallIds = [],
            IsWholeAnswer = false,
        };

    private PromptMessage ResultOf(ToolResultPart result, int source)
    {
        string text = string.Join('\n', result.Content.Select(TextOf).Where(part => part.Length > 0));
        if (result.IsError && !text.StartsWith("Error", StringComparison.OrdinalIgnoreCase))
            text = "Error: " + text;
        return new PromptMessage(ChatRole.Tool, text, source)
        {
            CallId = result.CallId,
            ToolName = _toolNames.GetValueOrDefault(result.CallId, ""),
        };
    }

    private IEnumerable<PromptMessage> InCallOrder(List<PromptMessage> results)
    {
        int at = _messages.FindLastIndex(message => message.Role == ChatRole.Assistant);
        if (results.Count < 2 || at < 0)
            return results;
        var order = new List<string>();
        for (int i = at; i >= 0 && _messages[i].Role == ChatRole.Assistant; i--)
            order.InsertRange(0, _messages[i].Calls.Select(call => call.Id));
        return results.OrderBy(result => order.IndexOf(result.CallId) is >= 0 and var place ? place : int.MaxValue);
    }

    private string TextOf(ContentPart part)
    {
        switch (part)
        {
            case TextPart text:
                return text.Text;
            case MediaPart media:
                return media.Note;
            case ToolReferencePart reference:
                ToolDefinition? tool = tools.FirstOrDefault(t => t.Name == reference.Name);
                return tool is null
                    ? $"The tool {reference.Name} is available."
                    : $"The tool {tool.Name} is now available:\n{PromptVariables.ToolText(tool)}";
            default:
                return "";
        }
    }

    private static string Reminder(string text) => $"<system-reminder>\n{text}\n</system-reminder>";
}
