namespace FastMlx.Api;

/// <summary>What the writer of an OpenAI answer must know of its request.</summary>
public sealed record CompletionOptions
{
    public required string Model { get; init; }

    /// <summary>Unix seconds, the same in every chunk.</summary>
    public required long Created { get; init; }

    public bool IncludesUsage { get; init; }

    public bool ShowsReasoning { get; init; } = true;

    /// <summary>
    /// Chunks carry log-probabilities; they are given by TokenLogprobs before the text they belong to.
    /// </summary>
    public bool Logprobs { get; init; }

    /// <summary>
    /// Called at each tool call: its id on the wire, its name, and the id that the model wrote, if any.
    /// </summary>
    public Action<string, string, string?>? ToolCallStarted { get; init; }
}
