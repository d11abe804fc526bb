namespace FastMlx.Api;

/// <summary>How much of the reasoning the client wants to see. All of them get the block and its signature.</summary>
public enum ThinkingDisplay
{
    /// <summary>The text is sent (ours is the whole reasoning, not a summary).</summary>
    Summarized,

    /// <summary>An empty block with a signature.</summary>
    Omitted,

    /// <summary>Only progress notes; we write none, so it looks like <see cref="Omitted"/>.</summary>
    Updates,
}
