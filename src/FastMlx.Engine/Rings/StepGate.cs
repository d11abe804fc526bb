namespace FastMlx.Engine.Rings;

/// <summary>
/// Tells a watchdog since when the engine thread has been inside the model, and lets exactly one of the two go on:
/// either the thread leaves the call, or the watchdog abandons it and the thread, should it ever return, must touch
/// nothing any more.
/// </summary>
internal sealed class StepGate
{
    private const long Outside = 0;
    private const long Abandoned = -1;

    private long _inside; // Outside, Abandoned, or the time stamp of entering (always positive).
    private long _entered; // The engine thread's own copy of the latter.

    /// <summary>Any thread: the time stamp of the call in progress, 0 for none.</summary>
    public long Since =>
        // Acquire: what the engine thread wrote before it entered is visible to who sees it inside.
        Math.Max(0, Volatile.Read(ref _inside));

    public bool IsAbandoned => Volatile.Read(ref _inside) == Abandoned; // Acquire, as above.

    /// <summary>Engine thread; false where it was abandoned.</summary>
    public bool TryEnter(long timestamp)
    {
        _entered = Math.Max(1, timestamp);

        // Compare-exchange, so that Abandoned is never overwritten.
        return Interlocked.CompareExchange(ref _inside, _entered, Outside) == Outside;
    }

    /// <summary>Engine thread; false where it was abandoned inside.</summary>
    public bool TryLeave() =>
        // Full fence: nothing of what follows may be done before it is certain that the thread still owns the engine.
        Interlocked.CompareExchange(ref _inside, Outside, _entered) == _entered;

    /// <summary>Watchdog: abandons the call that entered at <paramref name="since"/>, unless it has returned.</summary>
    public bool TryAbandon(long since) => Interlocked.CompareExchange(ref _inside, Abandoned, since) == since;
}
