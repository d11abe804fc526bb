namespace FastMlx.Engine;

/// <summary>
/// Times steps, and finds out whether the backend works while the host does: where BeginStep takes nearly all of a
/// step, a second step in flight hides nothing and only makes each token come one step late.
/// </summary>
internal sealed class StepMeter(int stepsInFlight)
{
    private const double Weight = 0.1;

    private double _beginShare; // 0: all time is spent waiting in EndStep; 1: all inside BeginStep.
    private double _lastEndMs;

    public double LastStepMs { get; private set; }

    public int Depth => stepsInFlight > 0 ? stepsInFlight : _beginShare > 0.5 ? 1 : 2;

    /// <summary>Takes one finished step's times; returns its duration, overlap with the one before taken off.</summary>
    public double Observe(double begunMs, double beginTookMs, double endedMs)
    {
        LastStepMs = endedMs - Math.Max(begunMs, _lastEndMs);
        _lastEndMs = endedMs;
        var total = endedMs - begunMs;
        if (total > 0)
        {
            _beginShare += Weight * ((beginTookMs / total) - _beginShare);
        }

        return LastStepMs;
    }
}
