namespace FastMlx.Engine.Rings;

/// <summary>
/// Lets one thread sleep until another one has work for it, without a wake-up where it is awake anyway. The sleeper
/// calls <see cref="Prepare"/>, looks for work once more, then <see cref="Sleep"/> or <see cref="Abandon"/>; wakers
/// publish their work first and then call <see cref="Wake"/>.
/// </summary>
internal sealed class Parker : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0);
    private int _parked;

    /// <summary>Sleeper: announces that it is about to sleep.</summary>
    public void Prepare()
    {
        // A full fence between "I sleep" and the sleeper's last look for work: without it the look may be done first,
        // a waker may then publish and see nobody parked, and the wake-up is lost. The twin is in Wake.
        Interlocked.Exchange(ref _parked, 1);
    }

    /// <summary>Sleeper: work was found after all.</summary>
    public void Abandon()
    {
        // Whoever turns 1 into 0 owns the signal; if a waker did, its permit must be consumed.
        if (Interlocked.Exchange(ref _parked, 0) == 0)
        {
            _signal.Wait();
        }
    }

    /// <summary>Sleeper: sleeps until woken or until the time-out (-1: none) has passed.</summary>
    public void Sleep(int timeoutMs = Timeout.Infinite)
    {
        if (!_signal.Wait(timeoutMs))
        {
            Abandon();
        }
    }

    /// <summary>Any thread, after publishing work: wakes the sleeper if it sleeps or is about to.</summary>
    public void Wake()
    {
        // The waker's half of the fence: its work must be visible before it looks whether the sleeper sleeps.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _parked) == 1 && Interlocked.Exchange(ref _parked, 0) == 1)
        {
            _signal.Release();
        }
    }

    public void Dispose() => _signal.Dispose();
}
