using FastMlx.Chat.Templates;

namespace FastMlx.Chat;

/// <summary>
/// Finds out what a template can do by rendering conversations whose texts are unmistakable. A question counts as
/// answered with yes when the template does not fail, every text appears once and in order, and, for what grows, the
/// shorter conversation's text begins the longer one's.
/// </summary>
internal sealed class CapabilityProbe(ChatTemplate template, PromptOptions options)
{
    private const string LongId = "toolu_01AbCdEf";
    private const string ShortId = "Abc123xyz";

    private static readonly string[] AllEfforts = ["minimal", "low", "medium", "high", "xhigh", "max"];

    private static readonly ToolDefinition Tool = new(
        "Zq_tool", "Zq_description",
        """
        {"type":"object","properties":{"zq_key":{"type":"string","description":"zq_about"}},"required":["zq_key"]}
        """);

    private TemplateCapabilities _can = new()
    {
        SystemFirst = true,
        SystemInside = true,
        SystemAfterTool = true,
        Tools = true,
        ToolCalls = true,
        ParallelCalls = true,
        TextWithCalls = true,
        TextBeforeCalls = true,
        UserAfterTool = true,
        Reasoning = true,
    };

    public TemplateCapabilities Run()
    {
        _can = _can with { ReasoningFields = FieldsOf(template.Source) };
        ProbeBasics();
        PromptMessage[] head = [System("Zq_sys"), User("Zq_one")];
        _can = _can with
        {
            SystemFirst = Shows(head, "Zq_sys", "Zq_one")
                && (Grows(head, [.. head, Answer("Zq_answer"), User("Zq_two")], [], "Zq_sys", "Zq_answer")
                    || !Grows(head[1..], [.. head[1..], Answer("Zq_answer"), User("Zq_two")], [], "Zq_answer")),
            TurnEnd = FindTurnEnd(),
        };
        ProbeCalls();
        ProbeSystemInside();
        ProbeEfforts();
        return _can;
    }

    private static PromptMessage User(string text) => new(ChatRole.User, text, 0);

    private static PromptMessage System(string text) => new(ChatRole.System, text, 0);

    private static PromptMessage Answer(string text) => new(ChatRole.Assistant, text, 0);

    private static PromptMessage Calls(string text, params string[] values) => new(ChatRole.Assistant, text, 0)
    {
        Calls = [.. values.Select((value, i) =>
            new ToolCallPart(LongId + i, "Zq_tool", $$"""{"zq_key": "{{value}}"}"""))],
    };

    private static PromptMessage Result(string text, int call = 0) =>
        new(ChatRole.Tool, text, 0) { CallId = LongId + call, ToolName = "Zq_tool" };

    private static List<string> FieldsOf(string source)
    {
        List<string> fields = [];
        foreach (string field in (string[])["reasoning_content", "reasoning", "thinking", "thought"])
        {
            if (source.Contains("." + field, StringComparison.Ordinal)
                || source.Contains("'" + field + "'", StringComparison.Ordinal)
                || source.Contains("\"" + field + "\"", StringComparison.Ordinal))
                fields.Add(field);
        }

        // One field is enough, and templates that know two complain about both.
        return fields.Count == 0 ? ["reasoning_content"] : fields[..1];
    }

    /// <summary>The first set of basics with which one user message is rendered.</summary>
    private void ProbeBasics()
    {
        TemplateCapabilities[] forms =
        [
            _can, _can with { AlwaysThinks = true }, _can with { EmptyTools = true },
            _can with { TextContent = false }, _can with { EmptyTools = true, TextContent = false },
        ];
        foreach (TemplateCapabilities form in forms)
        {
            if (Shows([User("Zq_one")], form, "Zq_one"))
            {
                _can = form;
                return;
            }
        }
    }

    private void ProbeCalls()
    {
        _can = _can with { Tools = Shows([User("Zq_one")], _can, [Tool], "Zq_tool") };
        _can = FirstForm() is { } form ? form : _can with { ToolCalls = false };
        if (!_can.ToolCalls)
            return;
        _can = _can with
        {
            FunctionCallIds = template.Source.Contains("<|tool_call_begin|>", StringComparison.Ordinal)
                && Render(Loop(Calls("", "Zq_value")), _can, Tools) is { } text
                && text.Contains(LongId, StringComparison.Ordinal),
            TextWithCalls = ShowsLoop(_can, Calls("Zq_text", "Zq_value"), "Zq_text") && Shows(
                [User("Zq_one"), Calls("Zq_text", "Zq_value"), Result("Zq_result")], _can, Tools,
                "Zq_text", "Zq_value", "Zq_result"),
            TextBeforeCalls = Shows(
                [User("Zq_one"), Answer("Zq_text"), Calls("", "Zq_value"), Result("Zq_result")], _can, Tools,
                "Zq_text", "Zq_value", "Zq_result"),
            ParallelCalls = Shows(
                [User("Zq_one"), Calls("", "Zq_v1", "Zq_v2"), Result("Zq_r1"), Result("Zq_r2", 1)], _can, Tools,
                "Zq_v1", "Zq_v2", "Zq_r1", "Zq_r2"),
            UserAfterTool = Shows(
                [User("Zq_one"), Calls("", "Zq_value"), Result("Zq_result"), User("Zq_two")], _can, Tools,
                "Zq_value", "Zq_result", "Zq_two"),
        };
        PromptMessage thought = Calls("", "Zq_value") with { Thinking = "Zq_thought" };
        _can = _can with { Reasoning = ShowsLoop(_can, thought, "Zq_thought") };
        if (_can.Reasoning && _can.TextWithCalls)
        {
            thought = thought with { Text = "Zq_text" };
            _can = _can with { ReasoningWithTextAndCalls = ShowsLoop(_can, thought, "Zq_text") };
        }
    }

    private IReadOnlyList<ToolDefinition> Tools => _can.Tools ? [Tool] : [];

    /// <summary>The first form of a call that the template takes: its content, arguments and ids.</summary>
    private TemplateCapabilities? FirstForm()
    {
        foreach (bool shortIds in (bool[])[false, true])
        {
            foreach (bool textArguments in (bool[])[false, true])
            {
                foreach (bool noneContent in (bool[])[false, true])
                {
                    TemplateCapabilities form = _can with
                    {
                        ShortCallIds = shortIds,
                        TextArguments = textArguments,
                        NoneContent = noneContent,
                    };
                    if (ShowsLoop(form, Calls("", "Zq_value")))
                        return form;
                }
            }
        }

        return null;
    }

    private static PromptMessage[] Loop(PromptMessage calls) => [User("Zq_one"), calls, Result("Zq_result")];

    private bool ShowsLoop(TemplateCapabilities can, PromptMessage calls, params string[] more) =>
        Render(Loop(calls), can, Tools) is { } text
        && more.All(m => text.Contains(m, StringComparison.Ordinal))
        && text.Contains("zq_key", StringComparison.Ordinal)
        && text.LastIndexOf("Zq_value", StringComparison.Ordinal) is >= 0 and var value
        && text.IndexOf("Zq_result", StringComparison.Ordinal) > value
        && CountOf(text, "None") <= CountOf(Render([User("Zq_one")], can, Tools) ?? "", "None");

    private static int CountOf(string text, string part) => text.Split(part).Length;

    private void ProbeSystemInside()
    {
        PromptMessage[] head = _can.SystemFirst ? [System("Zq_sys"), User("Zq_one")] : [User("Zq_one")];
        PromptMessage[] first = [.. head, System("Zq_mid")];
        PromptMessage[] second = [.. first, Answer("Zq_answer"), User("Zq_two"), System("Zq_late")];
        _can = _can with
        {
            SystemInside = Grows(first, second, Tools, "Zq_mid", "Zq_answer", "Zq_late")
                && Grows([User("Zq_one"), System("Zq_mid")],
                    [User("Zq_one"), System("Zq_mid"), Answer("Zq_answer"), User("Zq_two")], Tools,
                    "Zq_mid", "Zq_answer"),
        };
        if (!_can.SystemInside || !_can.ToolCalls)
        {
            _can = _can with { SystemAfterTool = false };
            return;
        }

        PromptMessage[] loop = [.. head, Calls("", "Zq_value"), Result("Zq_result"), System("Zq_mid")];
        PromptMessage[] longer = [.. loop, Answer("Zq_answer"), User("Zq_two")];
        _can = _can with { SystemAfterTool = Grows(loop, longer, Tools, "Zq_mid", "Zq_answer", "Zq_two") };
    }

    /// <summary>The first token-like text behind an answer that another message follows.</summary>
    private string FindTurnEnd()
    {
        string? text = Render([User("Zq_one"), Answer("Zq_answer"), User("Zq_two")], _can, []);
        int from = text?.IndexOf("Zq_answer", StringComparison.Ordinal) ?? -1;
        int to = text?.IndexOf("Zq_two", StringComparison.Ordinal) ?? -1;
        if (from < 0 || to < from)
            return "";
        string gap = text![(from + "Zq_answer".Length)..to].TrimStart();
        int end = gap.Length == 0 ? -1 : gap[0] == '<' ? gap.IndexOf('>') : gap[0] == '[' ? gap.IndexOf(']') : -1;
        string token = gap[..(end + 1)];
        return token.AsSpan().ContainsAny(" \n") ? "" : token;
    }

    private void ProbeEfforts()
    {
        if (!template.Source.Contains("reasoning_effort", StringComparison.Ordinal))
            return;
        PromptMessage[] messages = [User("Zq_one")];
        // A template that prints whatever it is given comes from a model that knows the usual three.
        _can = _can with
        {
            Efforts = [.. AllEfforts.Where(effort =>
                (effort is "low" or "medium" or "high" || Names(effort))
                && Render(messages, _can, [], effort) is not null)],
        };
    }

    private bool Names(string word) => template.Source.Contains("'" + word + "'", StringComparison.Ordinal)
        || template.Source.Contains("\"" + word + "\"", StringComparison.Ordinal);

    private bool Grows(
        PromptMessage[] shorter, PromptMessage[] longer, IReadOnlyList<ToolDefinition> tools,
        params string[] inOrder) =>
        Render(shorter, _can, tools) is { } begin && Render(longer, _can, tools) is { } whole
        && whole.StartsWith(begin, StringComparison.Ordinal) && InOrder(whole, inOrder);

    private bool Shows(PromptMessage[] messages, params string[] inOrder) => Shows(messages, _can, inOrder);

    private bool Shows(PromptMessage[] messages, TemplateCapabilities can, params string[] inOrder) =>
        Shows(messages, can, [], inOrder);

    private bool Shows(
        PromptMessage[] messages, TemplateCapabilities can, IReadOnlyList<ToolDefinition> tools,
        params string[] inOrder) => Render(messages, can, tools) is { } text && InOrder(text, inOrder);

    private static bool InOrder(string text, string[] parts)
    {
        int at = 0;
        foreach (string part in parts)
        {
            at = text.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0)
                return false;
            at += part.Length;
        }

        return true;
    }

    private string? Render(
        PromptMessage[] messages, TemplateCapabilities can, IReadOnlyList<ToolDefinition> tools, string? effort = null)
    {
        var input = new PromptInput
        {
            Messages = messages,
            Tools = tools,
            AsksForAnswer = false,
            Thinks = effort is not null,
            Effort = effort,
            CallIds = can.ShortCallIds
                ? new Dictionary<string, string> { [LongId + "0"] = ShortId, [LongId + "1"] = "Bcd234wxy" }
                : new Dictionary<string, string>(),
        };
        try
        {
            return template.Render(PromptVariables.Of(input, can, options), options.Time).Text;
        }
        catch (TemplateException)
        {
            return null;
        }
    }
}
