using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A set of code points: ranges, classes and other sets, joined, cut with others, negated. Answers for ASCII come from
/// a table. Immutable once built.
/// </summary>
internal sealed class CharSet
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<Predicate<int>> _classes = [];
    private readonly List<CharSet> _cuts = [];
    private bool _negated;
    private bool _ignoreCase;
    private ulong _asciiLow;
    private ulong _asciiHigh;

    public static CharSet Of(int codePoint, bool ignoreCase)
    {
        var set = new CharSet();
        set.AddRange(codePoint, codePoint);
        return set.Seal(negated: false, ignoreCase);
    }

    public static CharSet Of(Predicate<int> predicate)
    {
        var set = new CharSet();
        set.AddClass(predicate);
        return set.Seal(negated: false, ignoreCase: false);
    }

    public void AddRange(int first, int last) => _ranges.Add((first, last));

    public void AddClass(Predicate<int> predicate) => _classes.Add(predicate);

    /// <summary>Only what is in <paramref name="other"/> too stays.</summary>
    public void CutWith(CharSet other) => _cuts.Add(other);

    public CharSet Seal(bool negated, bool ignoreCase)
    {
        _negated = negated;
        _ignoreCase = ignoreCase;
        for (int c = 0; c < 64; c++)
        {
            if (Compute(c))
                _asciiLow |= 1UL << c;
            if (Compute(c + 64))
                _asciiHigh |= 1UL << c;
        }
        return this;
    }

    public bool Contains(int codePoint)
    {
        if (codePoint >= 128)
            return Compute(codePoint);
        ulong bits = codePoint < 64 ? _asciiLow : _asciiHigh;
        return (bits >> (codePoint & 63) & 1) != 0;
    }

    private bool Compute(int c)
    {
        bool inside = Holds(c) || _ignoreCase && HoldsOtherCase(c);
        foreach (CharSet cut in _cuts)
            inside = inside && cut.Contains(c);
        return inside != _negated;
    }

    private bool Holds(int c)
    {
        foreach ((int first, int last) in _ranges)
        {
            if (c >= first && c <= last)
                return true;
        }
        foreach (Predicate<int> predicate in _classes)
        {
            if (predicate(c))
                return true;
        }
        return false;
    }

    // Simple case folding; the three signs fold to letters, which the runtime's mapping does not do.
    private bool HoldsOtherCase(int c)
    {
        if (!Rune.TryCreate(c, out Rune rune))
            return false;
        if (Holds(Rune.ToLowerInvariant(rune).Value) || Holds(Rune.ToUpperInvariant(rune).Value))
            return true;
        return c switch
        {
            0x17F or 's' or 'S' => Holds('s') || Holds('S') || Holds(0x17F),
            0x212A or 'k' or 'K' => Holds('k') || Holds('K') || Holds(0x212A),
            0x212B or 0xE5 or 0xC5 => Holds(0xE5) || Holds(0xC5) || Holds(0x212B),
            _ => false,
        };
    }
}
