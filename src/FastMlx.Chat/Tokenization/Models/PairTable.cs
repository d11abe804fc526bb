using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>Merges: a pair of ids → its rank and the id that it becomes. Open addressing; read by any thread.</summary>
internal sealed class PairTable
{
    private const ulong Empty = ulong.MaxValue;

    private Slot[] _slots;
    private int _shift;
    private int _count;

    public PairTable(int expectedCount)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(expectedCount * 2, 16));
        _slots = NewSlots(size);
        _shift = 64 - System.Numerics.BitOperations.Log2((uint)size);
    }

    /// <summary>A pair that is set again takes the last rank.</summary>
    public void Set(int left, int right, int rank, int merged)
    {
        if (++_count * 2 > _slots.Length)
            Grow();
        Put(Key(left, right), (long)rank << 32 | (uint)merged);
    }

    /// <summary>
    /// Rank in the upper half, merged id in the lower; <see cref="long.MaxValue"/> when there is no merge.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Find(int left, int right)
    {
        ulong key = Key(left, right);
        Slot[] slots = _slots;
        int i = (int)(key * 0x9E3779B97F4A7C15 >> _shift);
        while (true)
        {
            ref Slot slot = ref slots[i];
            if (slot.Key == key)
                return slot.Value;
            if (slot.Key == Empty)
                return long.MaxValue;
            i = i + 1 & slots.Length - 1;
        }
    }

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    private static Slot[] NewSlots(int size)
    {
        var slots = new Slot[size];
        Array.Fill(slots, new Slot { Key = Empty });
        return slots;
    }

    private void Put(ulong key, long value)
    {
        int i = (int)(key * 0x9E3779B97F4A7C15 >> _shift);
        while (_slots[i].Key != Empty && _slots[i].Key != key)
            i = i + 1 & _slots.Length - 1;
        _slots[i] = new Slot { Key = key, Value = value };
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = NewSlots(old.Length * 2);
        _shift--;
        foreach (Slot slot in old)
        {
            if (slot.Key != Empty)
                Put(slot.Key, slot.Value);
        }
    }

    private struct Slot
    {
        public ulong Key;
        public long Value;
    }
}
