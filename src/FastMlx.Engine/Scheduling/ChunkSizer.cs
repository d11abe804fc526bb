namespace FastMlx.Engine.Scheduling;

/// <summary>How many prompt tokens a step may take, learnt from the times of the steps before.</summary>
internal sealed class ChunkSizer(int most, double targetMs, double idleTargetMs)
{
    private const int Least = 16;
    private const int First = 64;
    private const double Weight = 0.25;

    private double _msPerToken;
    private int _largest = First; // Growth is limited to doubling: costs beyond what was tried are not known.

    /// <summary>The chunk for a step with or without running answers beside it.</summary>
    public int Chunk(bool beside)
    {
        var wanted = _msPerToken > 0 ? (beside ? targetMs : idleTargetMs) / _msPerToken : First;
        var chunk = (int)Math.Clamp(wanted, Least, Math.Max(Least, _largest));
        return Math.Min(most, chunk & ~(Least - 1));
    }

    /// <summary>A step of <paramref name="tokens"/> tokens took <paramref name="stepMs"/>.</summary>
    public void Observe(int tokens, double stepMs)
    {
        if (tokens < Least || stepMs <= 0)
        {
            return;
        }

        var sample = stepMs / tokens;
        _msPerToken = _msPerToken == 0 ? sample : _msPerToken + (Weight * (sample - _msPerToken));
        if (tokens >= _largest / 2 && _largest < most)
        {
            _largest = Math.Min(most, _largest * 2);
        }
    }
}
