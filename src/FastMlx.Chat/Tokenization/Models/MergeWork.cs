namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Merges a list of symbols by rank: always the lowest rank, the leftmost of equals. Short lists are scanned, long ones
/// use a heap (n log n, also for a million equal letters). Reused; holds nothing between calls.
/// </summary>
internal sealed class MergeWork
{
    private const int ScanLimit = 40;

    private int[] _symbols = new int[64];

    // Scan: _ranks[i] is the merge of symbols i and i + 1. Heap: links between the symbols that are left.
    private long[] _ranks = new long[64];
    private int[] _previous = [];
    private int[] _next = [];
    private int _count;
    private PriorityQueue<HeapEntry, long> _heap = new();

    public void Clear() => _count = 0;

    public void Add(int symbol)
    {
        if (_count == _symbols.Length)
            Array.Resize(ref _symbols, _count * 2);
        _symbols[_count++] = symbol;
    }

    /// <summary>Merges what was added; the result lives until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<int> Merge(PairTable merges)
    {
        if (_count > 1)
        {
            if (_count <= ScanLimit)
                MergeByScan(merges);
            else
                MergeByHeap(merges);
        }
        return _symbols.AsSpan(0, _count);
    }

    private void MergeByScan(PairTable merges)
    {
        Span<int> symbols = _symbols.AsSpan(0, _count);
        Span<long> ranks = _ranks.AsSpan(0, _count);
        for (int i = 0; i + 1 < symbols.Length; i++)
            ranks[i] = merges.Find(symbols[i], symbols[i + 1]);
        int n = symbols.Length;
        while (n > 1)
        {
            long best = long.MaxValue;
            int at = -1;
            for (int i = 0; i < n - 1; i++)
            {
                // Equal ranks mean equal pairs, hence equal values: < keeps the leftmost.
                if (ranks[i] < best)
                {
                    best = ranks[i];
                    at = i;
                }
            }
            if (at < 0)
                break;
            symbols[at] = (int)best;
            symbols[(at + 2)..n].CopyTo(symbols[(at + 1)..]);
            if (at + 2 < n)
                ranks[(at + 2)..(n - 1)].CopyTo(ranks[(at + 1)..]);
            n--;
            if (at > 0)
                ranks[at - 1] = merges.Find(symbols[at - 1], symbols[at]);
            if (at + 1 < n)
                ranks[at] = merges.Find(symbols[at], symbols[at + 1]);
        }
        _count = n;
    }

    private void MergeByHeap(PairTable merges)
    {
        Link();
        for (int i = 0; i + 1 < _count; i++)
            Push(merges, i, i + 1);
        while (_heap.TryDequeue(out HeapEntry entry, out _))
        {
            int left = entry.Position;
            int right = _symbols[left] < 0 ? -1 : _next[left];
            // Expired: one of the two was merged with another since.
            if (right < 0 || merges.Find(_symbols[left], _symbols[right]) is var now && (int)now != entry.Merged
                || now == long.MaxValue)
                continue;
            _symbols[left] = entry.Merged;
            _symbols[right] = -1;
            int after = _next[right];
            _next[left] = after;
            if (after >= 0)
            {
                _previous[after] = left;
                Push(merges, left, after);
            }
            if (_previous[left] >= 0)
                Push(merges, _previous[left], left);
        }
        Compact();
    }

    private void Link()
    {
        if (_next.Length < _count)
        {
            _next = new int[_symbols.Length];
            _previous = new int[_symbols.Length];
        }
        for (int i = 0; i < _count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1;
        }
        _next[_count - 1] = -1;
        // A text of millions of symbols must not keep its heap for good.
        if (_heap.Count == 0 && _heap.Capacity > 1 << 20)
            _heap = new PriorityQueue<HeapEntry, long>();
    }

    private void Push(PairTable merges, int left, int right)
    {
        long merge = merges.Find(_symbols[left], _symbols[right]);
        if (merge != long.MaxValue)
            _heap.Enqueue(new HeapEntry(left, (int)merge), merge >> 32 << 32 | (uint)left);
    }

    private void Compact()
    {
        int n = 0;
        for (int i = 0; i >= 0; i = _next[i])
            _symbols[n++] = _symbols[i];
        _count = n;
    }

    private readonly record struct HeapEntry(int Position, int Merged);
}
