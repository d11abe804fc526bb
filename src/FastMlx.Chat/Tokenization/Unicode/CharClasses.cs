using System.Globalization;
using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// What the split patterns ask about a code point, as bits. The runtime's categories are Unicode 16, as are the
/// reference's regex classes; all 1,112,064 code points were compared.
/// </summary>
internal static class CharClasses
{
    public const int Letter = 1;
    public const int Mark = 2;
    public const int Number = 4;
    public const int White = 8;

    /// <summary>Lu and Lt.</summary>
    public const int Upper = 0x10;

    public const int Lower = 0x20;

    /// <summary>Lm and Lo.</summary>
    public const int Caseless = 0x40;

    public const int Punctuation = 0x80;
    public const int Symbol = 0x100;

    /// <summary>\r and \n.</summary>
    public const int LineEnd = 0x200;

    /// <summary>Nd: what \d matches.</summary>
    public const int Digit = 0x400;

    /// <summary>What \w of a split pattern matches: Alphabetic, M, Nd, Pc and, in Latin-1 only, No.</summary>
    public const int Word = 0x800;

    public const int Han = 0x1000;

    // Built once, never written again.
    private static readonly ushort[] Bmp = BuildBmp();

    /// <summary>The first 128 entries, for loops over ASCII.</summary>
    public static ReadOnlySpan<ushort> Ascii => Bmp.AsSpan(0, 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(int codePoint) => (uint)codePoint < 0x10000 ? Bmp[codePoint] : Compute(codePoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ReadOnlySpan<byte> text, int position, out int length) =>
        Of(Utf8Text.Decode(text, position, out length));

    /// <summary>
    /// \w of the reference's other engine (Rust's), which matters beside single-word tokens and in the Whitespace
    /// pre-tokenizer: no No anywhere, but the joiners.
    /// </summary>
    public static bool IsRustWord(int c) => c is 0x200C or 0x200D
        || (Of(c) & Word) != 0 && !(c < 0x100 && (Of(c) & (Number | Digit)) == Number);

    private static ushort[] BuildBmp()
    {
        var table = new ushort[0x10000];
        for (int c = 0; c < table.Length; c++)
            table[c] = (ushort)Compute(c);
        return table;
    }

    private static int Compute(int c)
    {
        int bits = CharUnicodeInfo.GetUnicodeCategory(c) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Letter | Upper | Word,
            UnicodeCategory.LowercaseLetter => Letter | Lower | Word,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Letter | Caseless | Word,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
                => Mark | Word,
            UnicodeCategory.DecimalDigitNumber => Number | Digit | Word,
            UnicodeCategory.LetterNumber => Number | Word,
            UnicodeCategory.OtherNumber => c < 0x100 ? Number | Word : Number,
            UnicodeCategory.ConnectorPunctuation => Punctuation | Word,
            UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
                or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation => Punctuation,
            UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol
                or UnicodeCategory.OtherSymbol => Symbol,
            _ => 0,
        };
        return bits | (IsWhite(c) ? White : 0) | (c is '\r' or '\n' ? LineEnd : 0) | (IsCircledLetter(c) ? Word : 0)
            | (ScriptRanges.IsHan(c) ? Han : 0);
    }

    // The White_Space property: it is closed, and it is what \s and Rust's is_whitespace match.
    private static bool IsWhite(int c) => c is >= 9 and <= 13 or 0x20 or 0x85 or 0xA0 or 0x1680
        or >= 0x2000 and <= 0x200A
        or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    // The symbols that are Alphabetic.
    private static bool IsCircledLetter(int c) => c is >= 0x24B6 and <= 0x24E9 or >= 0x1F130 and <= 0x1F149
        or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189;
}
