namespace FastMlx.Http;

/// <summary>The bytes of request bodies that all connections hold together, against one limit. Any thread.</summary>
internal sealed class BodyBudget(long limitBytes)
{
    private long _used;

    public long Used => Volatile.Read(ref _used);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limitBytes) return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref _used, -bytes);
}
