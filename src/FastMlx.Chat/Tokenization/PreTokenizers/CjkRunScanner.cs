namespace FastMlx.Chat.Tokenization;

/// <summary>DeepSeek's second split, `[一-龥぀-ゟ゠-ヿ]+`: U+4E00 to U+9FA5, Hiragana and Katakana.</summary>
internal sealed class CjkRunScanner : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        while (position < text.Length)
        {
            int c = Utf8Text.Decode(text, position, out int length);
            if (c is not (>= 0x4E00 and <= 0x9FA5 or >= 0x3040 and <= 0x30FF))
                break;
            position += length;
        }
        return position;
    }
}
