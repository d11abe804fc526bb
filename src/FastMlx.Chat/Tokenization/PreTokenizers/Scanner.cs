namespace FastMlx.Chat.Tokenization;

/// <summary>A pattern written out by hand: the match that begins at a position is found without looking back.</summary>
internal abstract class Scanner : CutPattern
{
    public sealed override void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch)
    {
        int position = 0;
        while (position < text.Length)
        {
            int end = Match(text, position);
            if (end <= position)
                end = CutGap(text, offset, position, output);
            else
                output.Add(offset + position, offset + end, isMatch: true);
            position = end;
        }
    }

    /// <summary>The end of the match that begins at <paramref name="position"/>; not past it: there is none.</summary>
    protected abstract int Match(ReadOnlySpan<byte> text, int position);

    // What no alternative matches stays together as one piece, up to the next match.
    private int CutGap(ReadOnlySpan<byte> text, int offset, int start, CutList output)
    {
        int position = start;
        do
        {
            position += Utf8Text.LengthOf(text[position]);
        }
        while (position < text.Length && Match(text, position) <= position);
        output.Add(offset + start, offset + position);
        return position;
    }
}
