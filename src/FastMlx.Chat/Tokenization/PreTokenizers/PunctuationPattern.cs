namespace FastMlx.Chat.Tokenization;

/// <summary>
/// One ASCII symbol or one character of the category P as Unicode 8.0 has it, the reference's version here.
/// </summary>
internal sealed class PunctuationPattern : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int wanted = text[position] < 0x80 ? CharClasses.Punctuation | CharClasses.Symbol : CharClasses.Punctuation;
        int bits = CharClasses.At(text, position, out int length);
        return (bits & wanted) != 0 && (length == 1 || IsOld(Utf8Text.Decode(text, position, out _)))
            ? position + length
            : position;
    }

    private static bool IsOld(int c) => UnicodeScriptTable.Instance.InUnicode9(c) >= 0
        && c is not (0x2E43 or 0x2E44 or >= 0x1144B and <= 0x1145D or >= 0x11660 and <= 0x1166C
            or >= 0x11C41 and <= 0x11C71
            or 0x1E95E or 0x1E95F);
}
