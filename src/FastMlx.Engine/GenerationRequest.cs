namespace FastMlx.Engine;

/// <summary>
/// What a caller asks of the engine: token ids in, limits, how to sample. Immutable after submission.
/// </summary>
public sealed record GenerationRequest
{
    /// <summary>The most alternatives a token whose log-probabilities can be told.</summary>
    public const int LogprobsMax = 20;

    public required int[] Prompt { get; init; }

    /// <summary>Most tokens to sample (already clamped to what fits the context).</summary>
    public required int MaxTokens { get; init; }

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Greedy;

    /// <summary>Biases and penalties; null for none.</summary>
    public LogitAdjustment? Adjust { get; init; }

    /// <summary>What the sampled tokens must fit; used by this request alone. Null: nothing.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>
    /// So many tokens at the prompt's end were sampled before, for the same answer: penalties count them so.
    /// </summary>
    public int AnswerTokens { get; init; }

    /// <summary>Alternatives told beside each sampled token's log-probability, 0 to 20; -1: none is told.</summary>
    public int Logprobs { get; init; } = -1;

    /// <summary>
    /// The same of the prompt's tokens. What a cache holds has no log-probabilities, so such a prompt is computed from
    /// its beginning; what it leaves in the cache others may use.
    /// </summary>
    public int PromptLogprobs { get; init; } = -1;

    /// <summary>Sampling one of these ends the generation; the id itself is not delivered.</summary>
    public int[] StopTokens { get; init; } = [];

    /// <summary>
    /// Ascending positions in <see cref="Prompt"/> worth a checkpoint: end of tools, of system, of history.
    /// </summary>
    public int[] Checkpoints { get; init; } = [];

    public Lane Lane { get; init; } = Lane.Main;

    /// <summary>Cache partition (a hash of the API key); requests of different partitions never share state.</summary>
    public ulong Partition { get; init; }

    /// <summary>Names the conversation for affinity and explanations; never text of a prompt.</summary>
    public string? Session { get; init; }
}

/// <summary>Temperature 0 is greedy; TopP 1, MinP 0 and TopK 0 are off.</summary>
public readonly record struct SamplingParameters(float Temperature, float TopP, float MinP, int TopK, ulong Seed)
{
    /// <summary>The most likely token, always.</summary>
    public static SamplingParameters Greedy => new(0, 1, 0, 0, 0);

    /// <summary>
    /// The same within the ranges that a model accepts: one request's odd number must not fail a step that others
    /// share. TopP 0 keeps the most likely token only.
    /// </summary>
    public SamplingParameters Normalised() => new(
        float.IsFinite(Temperature) ? Math.Max(0, Temperature) : 1,
        float.IsNaN(TopP) ? 1 : Math.Clamp(TopP, 1e-6f, 1),
        float.IsNaN(MinP) ? 0 : Math.Clamp(MinP, 0, 1),
        Math.Max(0, TopK),
        Seed);
}

/// <summary>Scheduling class, most urgent first.</summary>
public enum Lane
{
    Main,
    Subagent,
    Title,
    Batch,
}

public enum FinishReason
{
    None,
    Stop,
    MaxTokens,
    ContextFull,
    Cancelled,
    Failed,
}
