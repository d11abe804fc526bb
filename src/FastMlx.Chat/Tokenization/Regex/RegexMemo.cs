namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Which ways through a pattern have failed at which position of one text: whether a Split can lead to a match from a
/// position does not depend on how it was reached, so no way is tried twice. Reused; one text at a time.
/// </summary>
internal sealed class RegexMemo
{
    private ulong[][] _failed = [];
    private int[] _widths = [];

    /// <summary>Ways still to be tried: instruction and position.</summary>
    public Stack<(int Step, int Position)> Choices { get; } = new();

    /// <summary>What running sub-patterns have marked; a run owns the end of it.</summary>
    public List<(int Sub, long Bit)> Trail { get; } = [];

    /// <param name="widths">How many Splits each sub-pattern has.</param>
    /// <param name="length">The text's length in bytes.</param>
    public void Begin(int[] widths, int length)
    {
        _widths = widths;
        if (_failed.Length < widths.Length)
            Array.Resize(ref _failed, widths.Length);
        for (int i = 0; i < widths.Length; i++)
        {
            int words = (int)(((long)widths[i] * (length + 1) + 63) / 64);
            if (_failed[i] is null || _failed[i].Length < words)
                _failed[i] = new ulong[Math.Max(words, 16)];
            else
                Array.Clear(_failed[i], 0, words);
        }
        Choices.Clear();
        Trail.Clear();
    }

    /// <summary>True the first time.</summary>
    public bool Mark(int sub, int split, int position, bool keepTrail)
    {
        long bit = (long)position * _widths[sub] + split;
        ref ulong word = ref _failed[sub][bit >> 6];
        ulong mask = 1UL << (int)(bit & 63);
        if ((word & mask) != 0)
            return false;
        word |= mask;
        if (keepTrail)
            Trail.Add((sub, bit));
        return true;
    }

    /// <summary>Forgets the marks at a position: those on the way of a match that ends there did not fail.</summary>
    public void Forget(int sub, int position)
    {
        long first = (long)position * _widths[sub];
        for (long bit = first; bit < first + _widths[sub]; bit++)
            _failed[sub][bit >> 6] &= ~(1UL << (int)(bit & 63));
    }

    /// <summary>What a sub-pattern's run has marked since its trail began did fail.</summary>
    public void Keep(int trail) => Trail.RemoveRange(trail, Trail.Count - trail);

    /// <summary>Forgets what a sub-pattern's successful run has marked since its trail began.</summary>
    public void Rewind(int trail)
    {
        for (int i = trail; i < Trail.Count; i++)
        {
            (int sub, long bit) = Trail[i];
            _failed[sub][bit >> 6] &= ~(1UL << (int)(bit & 63));
        }
        Trail.RemoveRange(trail, Trail.Count - trail);
    }
}
