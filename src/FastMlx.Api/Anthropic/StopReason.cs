namespace FastMlx.Api;

/// <summary>Why an answer ended, in Anthropic's words.</summary>
public enum StopReason
{
    EndTurn,
    MaxTokens,
    StopSequence,
    ToolUse,
    PauseTurn,
    Refusal,

    /// <summary>Prompt and answer together filled the context before max_tokens.</summary>
    ContextExceeded,
}
