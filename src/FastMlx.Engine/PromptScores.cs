namespace FastMlx.Engine;

/// <summary>
/// Log-probabilities of a prompt's tokens but for the first one, which nothing stands before. Complete, and then never
/// changed, before the generation's first token or end can be seen.
/// </summary>
public sealed class PromptScores
{
    private readonly float[] _scores;
    private readonly TokenLogprob[] _top;

    internal PromptScores(int promptTokens, int top)
    {
        Top = top;
        _scores = new float[Math.Max(0, promptTokens - 1)];
        _top = new TokenLogprob[_scores.Length * top];
    }

    /// <summary>Alternatives a token.</summary>
    public int Top { get; }

    /// <summary>[0, Known) are computed.</summary>
    internal int Known { get; set; }

    internal bool IsComplete => Known == _scores.Length;

    /// <summary>Of the prompt's token <paramref name="position"/>, from 1.</summary>
    public float this[int position] => _scores[position - 1];

    /// <summary>The best tokens at <paramref name="position"/>, in falling order.</summary>
    public ReadOnlySpan<TokenLogprob> TopAt(int position) => _top.AsSpan((position - 1) * Top, Top);

    internal Span<float> ScoresFrom(int first, int count) => _scores.AsSpan(first, count);

    internal Span<TokenLogprob> TopFrom(int first, int count) => _top.AsSpan(first * Top, count * Top);
}
