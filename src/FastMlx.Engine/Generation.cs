namespace FastMlx.Engine;

/// <summary>
/// One running answer. The engine thread writes tokens into its ring; one consumer reads them. Everything here may be
/// called from the consumer's side; <see cref="Cancel"/> from any thread.
/// </summary>
public abstract class Generation
{
    public abstract GenerationRequest Request { get; }

    /// <summary>Valid once <see cref="WaitAsync"/> returned false.</summary>
    public abstract FinishReason FinishReason { get; }

    /// <summary>What went wrong when <see cref="FinishReason"/> is Failed.</summary>
    public abstract string? Failure { get; }

    /// <summary>Reused, prefilled, sampled tokens, timings; complete at the end, growing before it.</summary>
    public abstract GenerationStats Stats { get; }

    /// <summary>
    /// Waits until tokens can be read (true) or the generation has ended and all tokens are read (false).
    /// </summary>
    public abstract ValueTask<bool> WaitAsync(CancellationToken cancellationToken);

    /// <summary>Takes what is there, at most <paramref name="destination"/>'s length; 0 when nothing is.</summary>
    public abstract int Read(Span<int> destination);

    /// <summary>
    /// The same, with log-probabilities: for each token itself and its alternatives, (tokens, 1 + Logprobs).
    /// </summary>
    public virtual int Read(Span<int> destination, Span<TokenLogprob> logprobs) => Read(destination);

    /// <summary>Of the prompt, from the first token or the end on; null where they were not asked for.</summary>
    public virtual PromptScores? PromptScores => null;

    /// <summary>
    /// Log-probabilities of the stop token that ended the generation, itself first; empty where none did, or none
    /// were asked for. Valid once <see cref="WaitAsync"/> returned false.
    /// </summary>
    public virtual IReadOnlyList<TokenLogprob> StopLogprobs => [];

    /// <summary>A flag that the engine reads between steps; the computed prefix stays in the cache.</summary>
    public abstract void Cancel();
}

/// <summary>Token counts and times of one generation; times in milliseconds.</summary>
public readonly record struct GenerationStats
{
    public int PromptTokens { get; init; }
    public int ReusedTokens { get; init; }
    public int PrefilledTokens { get; init; }
    public int SampledTokens { get; init; }
    public double QueueMs { get; init; }
    public double PrefillMs { get; init; }
    public double DecodeMs { get; init; }

    /// <summary>
    /// First prompt position that no cached timeline of this session shared, or -1 where all was shared.
    /// </summary>
    public int DivergedAt { get; init; }
}
