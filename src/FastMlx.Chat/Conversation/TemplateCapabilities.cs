namespace FastMlx.Chat;

/// <summary>
/// What a chat template can do, found out once at load by rendering small conversations. A "no" names the fallback that
/// <see cref="ConversationNormalizer"/> takes.
/// </summary>
public sealed record TemplateCapabilities
{
    /// <summary>Content is a string; else a list of parts.</summary>
    public bool TextContent { get; init; } = true;

    /// <summary>
    /// A system message in front that stays there while the conversation grows; else it is put before the first user
    /// message's text.
    /// </summary>
    public bool SystemFirst { get; init; }

    /// <summary>
    /// System messages later on, rendered in place and append-only; else they are folded into the user message or tool
    /// result before them as a system reminder.
    /// </summary>
    public bool SystemInside { get; init; }

    /// <summary>The same behind tool results.</summary>
    public bool SystemAfterTool { get; init; }

    /// <summary>No tools are an empty list, not none.</summary>
    public bool EmptyTools { get; init; }

    /// <summary>The template refuses enable_thinking = false.</summary>
    public bool AlwaysThinks { get; init; }

    /// <summary>Tool definitions; else they are written into the system message.</summary>
    public bool Tools { get; init; }

    /// <summary>Calls and results in the history; else they are written as text.</summary>
    public bool ToolCalls { get; init; }

    /// <summary>Several calls in a message; else each gets a message of its own, its result behind it.</summary>
    public bool ParallelCalls { get; init; }

    /// <summary>Text beside calls; else the text becomes a message of its own.</summary>
    public bool TextWithCalls { get; init; }

    /// <summary>An answer's text and its calls as two messages; else such text is left out.</summary>
    public bool TextBeforeCalls { get; init; }

    /// <summary>What the template writes behind an answer, or empty.</summary>
    public string TurnEnd { get; init; } = "";

    /// <summary>A user message right behind a tool result; else the text joins the last result.</summary>
    public bool UserAfterTool { get; init; }

    /// <summary>A message of calls only has content none, not "".</summary>
    public bool NoneContent { get; init; }

    /// <summary>Arguments as JSON text, not as a mapping.</summary>
    public bool TextArguments { get; init; }

    /// <summary>Call ids must be nine letters and digits.</summary>
    public bool ShortCallIds { get; init; }

    /// <summary>Call ids are written as functions.NAME:INDEX (Kimi).</summary>
    public bool FunctionCallIds { get; init; }

    /// <summary>Reasoning of an answer inside a tool loop is rendered.</summary>
    public bool Reasoning { get; init; }

    /// <summary>Reasoning beside text and calls; else the text joins the reasoning.</summary>
    public bool ReasoningWithTextAndCalls { get; init; } = true;

    /// <summary>Names of the assistant message's field for reasoning.</summary>
    public IReadOnlyList<string> ReasoningFields { get; init; } = [];

    /// <summary>Values of reasoning_effort that are not refused; empty where the template does not know it.</summary>
    public IReadOnlyList<string> Efforts { get; init; } = [];
}
