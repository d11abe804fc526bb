namespace FastMlx.Chat;

/// <summary>
/// A message as a template sees it: one role, one text, maybe calls. <see cref="Source"/> is the index of the
/// conversation's message that it was made of.
/// </summary>
internal sealed record PromptMessage(ChatRole Role, string Text, int Source)
{
    public IReadOnlyList<ToolCallPart> Calls { get; init; } = [];

    /// <summary>The ids of all calls of the answer, also where they are written as text.</summary>
    public IReadOnlyList<string> AnswerCallIds { get; init; } = [];

    public string Thinking { get; init; } = "";

    public string Signature { get; init; } = "";

    /// <summary>Of a tool's result: which call it answers.</summary>
    public string CallId { get; init; } = "";

    public string ToolName { get; init; } = "";

    /// <summary>
    /// The message and its neighbours of the same source are a whole answer of the assistant, so that remembered tokens
    /// can stand for them.
    /// </summary>
    public bool IsWholeAnswer { get; init; }
}
