namespace FastMlx.Engine.Scheduling;

/// <summary>
/// How many prompt tokens a step may take, learnt from the times of the steps before: what a step costs anyway, seen at
/// steps of a few tokens, and what each further token adds. A step may take the target, or twice what it costs anyway
/// where that is more: smaller chunks would read a prompt at less than half the speed and shorten hardly a step.
/// </summary>
internal sealed class ChunkSizer(int most, double targetMs, double idleTargetMs)
{
    private const int Least = 16;
    private const int First = 64;
    private const double Weight = 0.25;

    /// <summary>A token adds at least this share of a step's time per token; noise may make it look free.</summary>
    private const double LeastShare = 0.1;

    private double _fixedMs;
    private double _msPerToken;
    private int _largest = First; // Growth is limited to doubling: costs beyond what was tried are not known.

    /// <summary>The chunk for a step with or without running answers beside it.</summary>
    public int Chunk(bool beside)
    {
        var forTokensMs = Math.Max((beside ? targetMs : idleTargetMs) - _fixedMs, _fixedMs);
        var wanted = _msPerToken > 0 ? forTokensMs / _msPerToken : First;
        var chunk = (int)Math.Clamp(wanted, Least, Math.Max(Least, _largest));
        return Math.Min(most, chunk & ~(Least - 1));
    }

    /// <summary>A step of <paramref name="tokens"/> tokens took <paramref name="stepMs"/>.</summary>
    public void Observe(int tokens, double stepMs)
    {
        if (stepMs <= 0)
        {
            return;
        }

        if (tokens < Least)
        {
            _fixedMs = Average(_fixedMs, stepMs);
            return;
        }

        var added = Math.Max(stepMs - _fixedMs, LeastShare * stepMs);
        _msPerToken = Average(_msPerToken, added / tokens);
        if (tokens >= _largest / 2 && _largest < most)
        {
            _largest = Math.Min(most, _largest * 2);
        }
    }

    private static double Average(double before, double sample) =>
        before == 0 ? sample : before + (Weight * (sample - before));
}
