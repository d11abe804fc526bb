namespace FastMlx.Api;

/// <summary>
/// A token of the answer: its bytes (perhaps part of a character), its raw log-softmax and the best others.
/// </summary>
public sealed record TokenLogprob(ReadOnlyMemory<byte> Bytes, float Logprob, IReadOnlyList<TokenLogprob> Top)
{
    /// <summary>What stands for a probability of nothing: JSON has no infinity.</summary>
    public const float Least = -9999f;

    /// <summary>It stands in the timeline and not in the text, as a special token does.</summary>
    public bool IsHidden { get; init; }
}
