namespace FastMlx.EndToEnd.Scripted;

/// <summary>
/// Lets a test decide when a scripted model's steps end. Closed, steps wait; they are let through one by one or all.
/// </summary>
internal sealed class Pace : IDisposable
{
    private readonly SemaphoreSlim _steps = new(0);
    private volatile bool _isOpen;

    /// <summary>Steps that have ended.</summary>
    public int Ended;

    public void BeforeStepEnds()
    {
        if (!_isOpen)
            _steps.Wait();
        Interlocked.Increment(ref Ended);
    }

    public void Let(int steps) => _steps.Release(steps);

    public void Open()
    {
        _isOpen = true;
        _steps.Release(1000);
    }

    public void Dispose() => _steps.Dispose();
}
