namespace FastMlx.Hub;

/// <summary>A token that fires when nothing happened for a while, or when the caller cancels. One user.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly CancellationTokenSource _stall;
    private readonly CancellationTokenSource _both;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _timeout;

    public StallGuard(DownloadSettings settings, CancellationToken caller)
    {
        _timeout = settings.StallTimeout;
        _caller = caller;
        _stall = new CancellationTokenSource(_timeout, settings.Time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(_stall.Token, caller);
    }

    public CancellationToken Token => _both.Token;

    public bool HasFired => _stall.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>Bytes arrived: the wait begins anew.</summary>
    public void Progress() => _stall.CancelAfter(_timeout);

    public void Dispose()
    {
        _both.Dispose();
        _stall.Dispose();
    }
}
