using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>A growing list of cuts that is cleared and reused.</summary>
internal sealed class CutList
{
    private Cut[] _items = new Cut[64];

    public int Count { get; private set; }

    public Span<Cut> Span => _items.AsSpan(0, Count);

    public ref Cut this[int index] => ref _items[index];

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int start, int end, bool isMatch = false)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, Count * 2);
        _items[Count++] = new Cut(start, end, isMatch);
    }

    public void Truncate(int count) => Count = count;
}
