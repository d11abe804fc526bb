using System.Runtime.CompilerServices;

namespace FastMlx.Engine.Rings;

/// <summary>
/// Bounded multi-producer single-consumer ring (Vyukov's cells). Any thread may write; one thread reads. Lock-free: a
/// producer that is preempted between its two writes delays the items behind its own, but never another producer.
/// </summary>
internal sealed class RequestRing<T>
    where T : class
{
    private readonly Cell[] _cells;
    private readonly int _mask;
    private PaddedIndex _tail; // Next place to claim; contended by producers.
    private PaddedIndex _head; // Next place to read; the consumer's own.

    public RequestRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);

        // At least two cells: with one, "free for the next lap" and "filled in this lap" would be the same number.
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, capacity));
        _cells = new Cell[size];
        _mask = size - 1;
        for (var i = 0; i < size; i++)
        {
            _cells[i].Turn = i;
        }
    }

    public int Capacity => _cells.Length;

    /// <summary>Any thread: appends; false where the ring is full.</summary>
    public bool TryWrite(T item)
    {
        // Acquire, so that the loop starts from a tail no older than the caller's last write to this ring.
        var tail = Volatile.Read(ref _tail.Value);
        while (true)
        {
            ref var cell = ref _cells[(int)tail & _mask];

            // Acquire: the item must not be stored before the consumer's release of this cell is seen.
            var lead = Volatile.Read(ref cell.Turn) - tail;
            if (lead == 0)
            {
                // Claims the place among producers; the full fence also keeps the item's store behind the claim.
                var seen = Interlocked.CompareExchange(ref _tail.Value, tail + 1, tail);
                if (seen == tail)
                {
                    cell.Item = item;

                    // Release: the item must be visible before the turn that publishes it.
                    Volatile.Write(ref cell.Turn, tail + 1);
                    return true;
                }

                tail = seen;
            }
            else if (lead < 0)
            {
                return false;
            }
            else
            {
                // Another producer claimed this place; acquire the tail it moved.
                tail = Volatile.Read(ref _tail.Value);
            }
        }
    }

    /// <summary>Consumer: takes the oldest item; false where none is published.</summary>
    public bool TryRead(out T? item)
    {
        ref var cell = ref _cells[(int)_head.Value & _mask];

        // Acquire: the item must not be read before the turn that publishes it.
        if (Volatile.Read(ref cell.Turn) != _head.Value + 1)
        {
            item = null;
            return false;
        }

        item = cell.Item;
        cell.Item = null;

        // Release: the item must be taken out before a producer may see the place as free.
        Volatile.Write(ref cell.Turn, _head.Value + _cells.Length);
        _head.Value++;
        return true;
    }

    /// <summary>Consumer: whether an item is published.</summary>
    public bool IsEmpty =>
        // Acquire, as in TryRead: the answer must not be older than the fence of the parking handshake.
        Volatile.Read(ref _cells[(int)_head.Value & _mask].Turn) != _head.Value + 1;

    private struct Cell
    {
        public long Turn; // Place p is free for lap k at p + k * size, filled at one more.
        public T? Item;
        public Gap Rest;
    }

    // Fills a cell to 64 bytes, so that neighbouring producers do not fight over one line.
    [InlineArray(6)]
    private struct Gap
    {
        private long _first;
    }
}
