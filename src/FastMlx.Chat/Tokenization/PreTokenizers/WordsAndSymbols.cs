namespace FastMlx.Chat.Tokenization;

/// <summary>`\w+|[^\w\s]+`, the Whitespace pre-tokenizer.</summary>
internal sealed class WordsAndSymbols : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int c = Utf8Text.Decode(text, position, out int length);
        if ((CharClasses.Of(c) & CharClasses.White) != 0)
            return position;
        bool word = IsWord(c);
        while (position < text.Length)
        {
            c = Utf8Text.Decode(text, position, out length);
            if ((CharClasses.Of(c) & CharClasses.White) != 0 || IsWord(c) != word)
                break;
            position += length;
        }
        return position;
    }

    // This \w is the one of Rust's regex crate: it has the joiners.
    private static bool IsWord(int c) => c is 0x200C or 0x200D || (CharClasses.Of(c) & CharClasses.Word) != 0;
}
