using System.Numerics;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Token texts (UTF-8) and their ids, both ways. Filled once while loading, then read by any thread. A text that is
/// added again takes the last id; of two texts with one id the last is the id's text.
/// </summary>
internal sealed class TokenTable
{
    // Ids up to this many times the number of tokens are looked up in an array, sparser ones in a dictionary.
    private const int DenseFactor = 4;

    private byte[] _blob;
    private int _blobLength;

    // Entry i's text is _blob[_entries[i].Start.._entries[i + 1].Start]; there is one entry more than texts.
    private Entry[] _entries;

    // Open addressing; 0 is empty, else hash << 32 | entry + 1, so that most misses touch nothing else.
    // Invariant: at most half full.
    private ulong[] _slots;
    private int[] _entryOfId = [];
    private Dictionary<int, int>? _sparseEntryOfId;

    public TokenTable(int expectedCount = 256)
    {
        _blob = new byte[expectedCount * 8];
        _entries = new Entry[expectedCount + 1];
        _slots = new ulong[SlotsFor(expectedCount)];
    }

    /// <summary>How many different texts there are.</summary>
    public int Count { get; private set; }

    public int MaxId { get; private set; } = -1;

    public void Add(ReadOnlySpan<byte> text, int id)
    {
        uint hash = ByteHash.Of(text);
        int entry = Find(text, hash);
        if (entry >= 0)
        {
            _entries[entry].Id = id;
        }
        else
        {
            Append(text, id, hash);
        }
        MaxId = Math.Max(MaxId, id);
    }

    public bool TryGet(ReadOnlySpan<byte> text, out int id)
    {
        int entry = Find(text, ByteHash.Of(text));
        id = entry < 0 ? -1 : _entries[entry].Id;
        return entry >= 0;
    }

    /// <summary>To be called when all tokens are in: makes ids searchable.</summary>
    public void Seal()
    {
        if (MaxId < (long)Count * DenseFactor + 0x10000)
        {
            _entryOfId = new int[MaxId + 1];
            for (int i = 0; i < Count; i++)
                _entryOfId[_entries[i].Id] = i + 1;
            return;
        }
        _sparseEntryOfId = new Dictionary<int, int>(Count);
        for (int i = 0; i < Count; i++)
            _sparseEntryOfId[_entries[i].Id] = i + 1;
    }

    public bool TryGetText(int id, out ReadOnlySpan<byte> text)
    {
        int entry = _sparseEntryOfId is null
            ? (uint)id < (uint)_entryOfId.Length ? _entryOfId[id] : 0
            : _sparseEntryOfId.GetValueOrDefault(id);
        text = entry == 0 ? default : TextAt(entry - 1);
        return entry != 0;
    }

    /// <summary>The text of the entry that was added as number <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> TextAt(int index) =>
        _blob.AsSpan(_entries[index].Start, _entries[index + 1].Start - _entries[index].Start);

    public int IdAt(int index) => _entries[index].Id;

    private static int SlotsFor(int count) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count * 2, 16));

    private int Find(ReadOnlySpan<byte> text, uint hash)
    {
        int mask = _slots.Length - 1;
        for (int i = (int)hash & mask; ; i = i + 1 & mask)
        {
            ulong slot = _slots[i];
            if (slot == 0)
                return -1;
            int entry = (int)(uint)slot - 1;
            if ((uint)(slot >> 32) == hash && TextAt(entry).SequenceEqual(text))
                return entry;
        }
    }

    private void Append(ReadOnlySpan<byte> text, int id, uint hash)
    {
        if (Count + 1 == _entries.Length)
            Grow();
        if (text.Length > _blob.Length - _blobLength)
            Array.Resize(ref _blob, Math.Max(_blob.Length * 2, _blobLength + text.Length));
        text.CopyTo(_blob.AsSpan(_blobLength));
        _blobLength += text.Length;
        _entries[Count].Id = id;
        Insert((ulong)hash << 32 | (uint)(Count + 1));
        Count++;
        _entries[Count].Start = _blobLength;
    }

    private void Insert(ulong slot)
    {
        int mask = _slots.Length - 1;
        int i = (int)(uint)(slot >> 32) & mask;
        while (_slots[i] != 0)
            i = i + 1 & mask;
        _slots[i] = slot;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, _entries.Length * 2);
        ulong[] old = _slots;
        _slots = new ulong[SlotsFor(_entries.Length)];
        foreach (ulong slot in old)
        {
            if (slot != 0)
                Insert(slot);
        }
    }

    private struct Entry
    {
        public int Start;
        public int Id;
    }
}
