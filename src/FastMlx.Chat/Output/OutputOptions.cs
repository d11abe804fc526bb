namespace FastMlx.Chat.Output;

/// <summary>What one answer's reader must know.</summary>
public sealed record OutputOptions
{
    public required OutputFormat Format { get; init; }

    public ToolSchemas Tools { get; init; } = ToolSchemas.None;

    public CallPolicy Calls { get; init; } = new();

    /// <summary>
    /// Texts that end the answer where they appear in its visible text. Not looked for in reasoning and calls.
    /// </summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>
    /// The prompt has opened a reasoning block. Ignored with a primed call, which stands behind reasoning.
    /// </summary>
    public bool IsThinking { get; init; }

    /// <summary>Reasoning is delivered; otherwise it is read and dropped (the client asked for no thinking).</summary>
    public bool ShowsThinking { get; init; } = true;

    /// <summary>
    /// Reasoning tokens after which <see cref="OutputDecoder.IsOverThinkingBudget"/> turns true; 0 = no limit.
    /// </summary>
    public int ThinkingTokensMax { get; init; }

    /// <summary>The beginning of a forced call that the prompt's tail already holds.</summary>
    public string Primed { get; init; } = "";
}
