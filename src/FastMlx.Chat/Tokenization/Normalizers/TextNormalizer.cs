namespace FastMlx.Chat.Tokenization;

/// <summary>One step that rewrites a text. Read by any thread.</summary>
internal abstract class TextNormalizer
{
    /// <summary>
    /// Writes the normal form of <paramref name="input"/> to <paramref name="output"/> (cleared by the caller, with the
    /// same setting for marks) and returns true; or returns false, having written nothing, when nothing changes.
    /// The input is well-formed UTF-8; marks are as long as it, or empty, and follow their characters.
    /// </summary>
    public abstract bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch);
}
