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

    // Entry i's text is _blob[_starts[i].._starts[i + 1]].
    private int[] _starts;
    private int[] _ids;
    private uint[] _hashes;

    // Open addressing; 0 is empty, else entry + 1. Invariant: at most half full.
    private int[] _slots;
    private int[] _entryOfId = [];
    private Dictionary<int, int>? _sparseEntryOfId;

    public TokenTable(int expectedCount = 256)
    {
        _blob = new byte[expectedCount * 8];
        _starts = new int[expectedCount + 1];
        _ids = new int[expectedCount];
        _hashes = new uint[expectedCount];
        _slots = new int[SlotsFor(expectedCount)];
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
            _ids[entry] = id;
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
        id = entry < 0 ? -1 : _ids[entry];
        return entry >= 0;
    }

    /// <summary>To be called when all tokens are in: makes ids searchable.</summary>
    public void Seal()
    {
        if (MaxId < (long)Count * DenseFactor + 0x10000)
        {
            _entryOfId = new int[MaxId + 1];
            for (int i = 0; i < Count; i++)
                _entryOfId[_ids[i]] = i + 1;
            return;
        }
        _sparseEntryOfId = new Dictionary<int, int>(Count);
        for (int i = 0; i < Count; i++)
            _sparseEntryOfId[_ids[i]] = i + 1;
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
    public ReadOnlySpan<byte> TextAt(int index) => _blob.AsSpan(_starts[index], _starts[index + 1] - _starts[index]);

    public int IdAt(int index) => _ids[index];

    private static int SlotsFor(int count) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count * 2, 16));

    private int Find(ReadOnlySpan<byte> text, uint hash)
    {
        int mask = _slots.Length - 1;
        for (int i = (int)hash & mask; ; i = i + 1 & mask)
        {
            int entry = _slots[i] - 1;
            if (entry < 0 || _hashes[entry] == hash && TextAt(entry).SequenceEqual(text))
                return entry;
        }
    }

    private void Append(ReadOnlySpan<byte> text, int id, uint hash)
    {
        if (Count == _ids.Length)
            GrowEntries();
        if (text.Length > _blob.Length - _blobLength)
            Array.Resize(ref _blob, Math.Max(_blob.Length * 2, _blobLength + text.Length));
        text.CopyTo(_blob.AsSpan(_blobLength));
        _blobLength += text.Length;
        _ids[Count] = id;
        _hashes[Count] = hash;
        Count++;
        _starts[Count] = _blobLength;
        Insert(Count - 1);
    }

    private void Insert(int entry)
    {
        int mask = _slots.Length - 1;
        int i = (int)_hashes[entry] & mask;
        while (_slots[i] != 0)
            i = i + 1 & mask;
        _slots[i] = entry + 1;
    }

    private void GrowEntries()
    {
        int size = _ids.Length * 2;
        Array.Resize(ref _ids, size);
        Array.Resize(ref _hashes, size);
        Array.Resize(ref _starts, size + 1);
        _slots = new int[SlotsFor(size)];
        for (int i = 0; i < Count; i++)
            Insert(i);
    }
}
