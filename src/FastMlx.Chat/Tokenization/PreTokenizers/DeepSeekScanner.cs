namespace FastMlx.Chat.Tokenization;

/// <summary>
/// DeepSeek's third split:
/// <![CDATA[[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
/// |\s*[\r\n]+|\s+(?!\S)|\s+]]>. Numbers and control characters match nothing and are gaps.
/// </summary>
internal sealed class DeepSeekScanner : Scanner
{
    private const int Letters = CharClasses.Letter | CharClasses.Mark;
    private const int Symbols = CharClasses.Punctuation | CharClasses.Symbol;

    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int bits = CharClasses.At(text, position, out int length);
        byte lead = text[position];
        if (lead < 0x80 && (bits & Symbols) != 0)
        {
            int end = position + 1;
            while (end < text.Length && char.IsAsciiLetter((char)text[end]))
                end++;
            if (end > position + 1)
                return end;
        }
        if ((bits & CharClasses.Letter) != 0)
            return Runs.While(text, position + length, Letters);
        if ((bits & (CharClasses.LineEnd | Symbols)) == 0)
        {
            int end = Runs.While(text, position + length, Letters);
            if (end > position + length || (bits & CharClasses.Mark) != 0)
                return end;
        }
        int start = lead == ' ' ? position + 1 : position;
        int symbols = Runs.While(text, start, Symbols);
        if (symbols > start)
            return Runs.LineEnds(text, symbols);
        return (bits & CharClasses.White) != 0 ? Runs.White(text, position) : position;
    }
}
