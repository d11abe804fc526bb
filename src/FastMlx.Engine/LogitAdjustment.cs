namespace FastMlx.Engine;

/// <summary>
/// What a request changes about the model's logits before a token is chosen; the order and the formulas are those of
/// <c>fm_adjust</c>. Immutable.
/// </summary>
public sealed record LogitAdjustment
{
    /// <summary>Tokens whose logits are raised or lowered by <see cref="BiasValues"/> at the same places.</summary>
    public int[] BiasIds { get; init; } = [];

    /// <summary>Finite, or -infinity to ban a token.</summary>
    public float[] BiasValues { get; init; } = [];

    /// <summary>Off for each time that a token stands in the answer.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Off where a token stands in the answer.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Divides positive logits of tokens in prompt or answer, multiplies negative ones; 1: off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Tokens of the answer before which no stop token is chosen.</summary>
    public int TokensMin { get; init; }

    internal bool Penalises => FrequencyPenalty != 0 || PresencePenalty != 0 || RepetitionPenalty != 1;

    internal bool IsSane(int vocabulary) =>
        BiasIds.Length == BiasValues.Length
        && BiasIds.AsSpan().IndexOfAnyExceptInRange(0, vocabulary - 1) < 0
        && !BiasValues.Any(value => float.IsNaN(value) || float.IsPositiveInfinity(value))
        && float.IsFinite(FrequencyPenalty) && float.IsFinite(PresencePenalty)
        && float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0;
}
