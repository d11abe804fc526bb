namespace FastMlx.Api;

/// <summary>What an answer's writer must know of its request.</summary>
public sealed record ReplyOptions
{
    /// <summary>Echoed: the requested string, whatever model answers.</summary>
    public required string Model { get; init; }

    public ThinkingDisplay Display { get; init; } = ThinkingDisplay.Summarized;

    /// <summary>
    /// Called once per thinking block, when it ends: the handle under which its reasoning tokens are kept. Null: an id
    /// that nobody knows, which a client gives back and the reader ignores.
    /// </summary>
    public Func<string>? Signature { get; init; }

    /// <summary>
    /// Called at each tool call: its id on the wire, its name, and the id that the model wrote, if any.
    /// </summary>
    public Action<string, string, string?>? ToolCallStarted { get; init; }

    /// <summary>The request had `context_management`: the answer says which edits were made.</summary>
    public bool ReportsContextEdits { get; init; }

    /// <summary>Which they were; see <see cref="MessagesRequest.AppliedEdits"/>.</summary>
    public IReadOnlyList<AppliedEdit> AppliedEdits { get; init; } = [];

    /// <summary>
    /// The answer is likely to begin with reasoning: progress before it belongs into a thinking block.
    /// </summary>
    public bool ExpectsThinking { get; init; }
}
