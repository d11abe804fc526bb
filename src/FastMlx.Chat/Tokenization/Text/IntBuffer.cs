using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>A growing array of ids that is cleared and reused.</summary>
internal sealed class IntBuffer
{
    private int[] _items = new int[256];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Span => _items.AsSpan(0, Count);

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int value)
    {
        if (Count == _items.Length)
            Grow(1);
        _items[Count++] = value;
    }

    public void Add(ReadOnlySpan<int> values)
    {
        if (values.Length > _items.Length - Count)
            Grow(values.Length);
        values.CopyTo(_items.AsSpan(Count));
        Count += values.Length;
    }

    private void Grow(int more) => Array.Resize(ref _items, Math.Max(Count + more, _items.Length * 2));
}
