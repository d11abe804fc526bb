namespace FastMlx.Engine.Rings;

/// <summary>Bounded single-producer single-consumer ring of references.</summary>
internal sealed class HandOverRing<T>
    where T : class
{
    private readonly T?[] _items;
    private readonly int _mask;
    private PaddedIndex _head; // Consumer's.
    private PaddedIndex _tail; // Producer's.

    public HandOverRing(int capacity)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, capacity));
        _items = new T?[size];
        _mask = size - 1;
    }

    /// <summary>Producer: appends; false where the ring is full.</summary>
    public bool TryWrite(T item)
    {
        var tail = _tail.Value;

        // Acquire: the place must not be written before the consumer's move past it is seen.
        if (tail - Volatile.Read(ref _head.Value) == _items.Length)
        {
            return false;
        }

        _items[(int)tail & _mask] = item;

        // Release: the item must be visible before the tail that publishes it.
        Volatile.Write(ref _tail.Value, tail + 1);
        return true;
    }

    /// <summary>Consumer: takes the oldest item.</summary>
    public bool TryRead(out T? item)
    {
        var head = _head.Value;

        // Acquire: the item must not be read before the tail that publishes it.
        if (Volatile.Read(ref _tail.Value) == head)
        {
            item = null;
            return false;
        }

        ref var place = ref _items[(int)head & _mask];
        item = place;
        place = null;

        // Release: the item must be taken out before the producer may see the place as free.
        Volatile.Write(ref _head.Value, head + 1);
        return true;
    }

    /// <summary>Consumer. Acquire: not older than the fence of the parking handshake.</summary>
    public bool IsEmpty => Volatile.Read(ref _tail.Value) == _head.Value;
}
