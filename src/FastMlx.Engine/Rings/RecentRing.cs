namespace FastMlx.Engine.Rings;

/// <summary>The last few of something, written by one thread at a time and read by any without a lock.</summary>
internal sealed class RecentRing<T>(int capacity)
    where T : class
{
    private readonly T?[] _items = new T?[capacity];
    private long _next;

    public void Add(T item)
    {
        // Release on both: the item must be complete before its reference, and there before the count says so.
        Volatile.Write(ref _items[(int)(_next % capacity)], item);
        Volatile.Write(ref _next, _next + 1);
    }

    /// <summary>Newest first. An entry that is overwritten meanwhile appears in its newer form.</summary>
    public IReadOnlyList<T> Read()
    {
        var next = Volatile.Read(ref _next); // Acquire: the items behind the count are there.
        var found = new List<T>(capacity);
        for (var i = next - 1; i >= Math.Max(0, next - capacity); i--)
        {
            // Acquire: the item's fields must not be read before its reference.
            if (Volatile.Read(ref _items[(int)(i % capacity)]) is { } item)
            {
                found.Add(item);
            }
        }

        return found;
    }
}
