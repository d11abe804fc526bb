namespace FastMlx.Engine.Rings;

/// <summary>Counts generations from submission to end and refuses beyond a limit. Any thread.</summary>
internal sealed class LiveCounter(int limit)
{
    private int _count;

    public bool TryEnter()
    {
        // Atomic add; of two that race for the last place the second sees a count beyond the limit and steps back.
        if (Interlocked.Increment(ref _count) <= limit)
        {
            return true;
        }

        Interlocked.Decrement(ref _count);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _count);

    /// <summary>Acquire: no older than what the caller did before.</summary>
    public int Count => Volatile.Read(ref _count);
}
