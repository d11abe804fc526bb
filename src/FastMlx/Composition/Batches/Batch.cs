using FastMlx.Api;

namespace FastMlx.Composition.Batches;

/// <summary>A batch in memory: where it stands, and its cancel. Any thread.</summary>
internal sealed class Batch(BatchFolder folder, BatchInfo info) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cancel = new();
    private BatchInfo _info = info;

    public BatchFolder Folder { get; } = folder;

    public BatchInfo Info
    {
        get
        {
            lock (_lock)
                return _info;
        }
    }

    /// <summary>Fires when a client cancels the batch.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>Asks for the end; a second time changes nothing.</summary>
    public BatchInfo Cancel(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_info.Status != BatchStatus.InProgress)
                return _info;
            Set(_info with { Status = BatchStatus.Canceling, CancelInitiatedAt = now });
        }

        _cancel.Cancel();
        return Info;
    }

    public void End(DateTimeOffset now)
    {
        lock (_lock)
            Set(Folder.Counted(_info with { Status = BatchStatus.Ended, EndedAt = now }));
    }

    public void Dispose() => _cancel.Dispose();

    private void Set(BatchInfo changed)
    {
        Folder.Save(changed);
        _info = changed;
    }
}
