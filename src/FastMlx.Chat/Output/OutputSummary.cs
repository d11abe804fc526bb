namespace FastMlx.Chat.Output;

/// <summary>What an answer was, once it is over.</summary>
public sealed record OutputSummary
{
    /// <summary>The stop sequence that ended the answer, or null.</summary>
    public string? StopSequence { get; init; }

    /// <summary>A call that the answer's end cut off, or null.</summary>
    public TruncatedCall? TruncatedCall { get; init; }

    /// <summary>Calls delivered whole.</summary>
    public int ToolCallCount { get; init; }

    /// <summary>Tokens read while reasoning was open.</summary>
    public int ThinkingTokens { get; init; }

    /// <summary>The answer ended inside reasoning.</summary>
    public bool EndedThinking { get; init; }
}
