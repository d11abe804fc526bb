namespace FastMlx.Chat.Tokenization;

/// <summary>Every <paramref name="length"/> characters.</summary>
internal sealed class FixedLengthPattern(int length) : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        for (int i = 0; i < Math.Max(length, 1) && position < text.Length; i++)
            position += Utf8Text.LengthOf(text[position]);
        return position;
    }
}
