namespace FastMlx.Composition;

/// <summary>A token that is cancelled after an interval, renewed once an interval. Owned by one task.</summary>
internal sealed class HeartbeatToken(TimeProvider time) : IDisposable
{
    private CancellationTokenSource? _source;

    public CancellationToken Token => _source!.Token;

    public bool IsDue => _source!.IsCancellationRequested;

    public void Set(TimeSpan interval)
    {
        _source?.Dispose();
        _source = new CancellationTokenSource(interval, time);
    }

    public void Dispose() => _source?.Dispose();
}
