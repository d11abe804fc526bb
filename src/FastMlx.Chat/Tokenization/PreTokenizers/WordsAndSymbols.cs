namespace FastMlx.Chat.Tokenization;

/// <summary>`\w+|[^\w\s]+`, the Whitespace pre-tokenizer.</summary>
internal sealed class WordsAndSymbols : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int c = Utf8Text.Decode(text, position, out int length);
        if ((CharClasses.Of(c) & CharClasses.White) != 0)
            return position;
        bool word = CharClasses.IsRustWord(c);
        while (position < text.Length)
        {
            c = Utf8Text.Decode(text, position, out length);
            if ((CharClasses.Of(c) & CharClasses.White) != 0 || CharClasses.IsRustWord(c) != word)
                break;
            position += length;
        }
        return position;
    }
}
