namespace FastMlx.Chat.Tokenization;

/// <summary>One ASCII symbol or one character of the category P.</summary>
internal sealed class PunctuationPattern : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int wanted = text[position] < 0x80 ? CharClasses.Punctuation | CharClasses.Symbol : CharClasses.Punctuation;
        int bits = CharClasses.At(text, position, out int length);
        return (bits & wanted) != 0 ? position + length : position;
    }
}
