namespace FastMlx.Engine.Scheduling;

/// <summary>Where the scheduler puts what a sequence produces, and where it reads the cancel flag.</summary>
internal interface ISequenceOutput
{
    public bool CancelRequested { get; }

    /// <summary>Tokens that may be written now.</summary>
    public int Room { get; }

    /// <summary>The scheduler holds the sequence back for want of room: wake it when room appears after this.</summary>
    public void Stall();

    public void Write(int token);

    /// <summary>The same with the token's log-probability and its alternatives'; empty where nobody asked.</summary>
    public void Write(int token, ReadOnlySpan<TokenLogprob> logprobs) => Write(token);

    /// <summary>A stop token was sampled, which is not written; the end follows.</summary>
    public void Stopped(ReadOnlySpan<TokenLogprob> logprobs)
    {
    }

    /// <summary>The prompt's log-probabilities are complete; before the first token.</summary>
    public void Scored(PromptScores scores)
    {
    }

    public void Report(in GenerationStats stats);

    /// <summary>Called once; nothing follows.</summary>
    public void End(FinishReason reason, string? failure);
}
