namespace FastMlx.Chat.Tokenization;

/// <summary>Finds all matches of a pattern in a text. Read by any thread.</summary>
internal abstract class CutPattern
{
    /// <summary>
    /// Appends cuts that cover <paramref name="text"/> without gaps: matches and what lies between them, none empty.
    /// Positions are moved by <paramref name="offset"/>. Time is linear in the text.
    /// </summary>
    public abstract void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch);
}
