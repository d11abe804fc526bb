namespace FastMlx.Chat.Tokenization;

/// <summary>Turns pieces of text into ids. Read by any thread; what changes is in the scratch.</summary>
internal abstract class TokenModel
{
    /// <summary>Texts and ids of the model alone, without added tokens.</summary>
    public abstract TokenTable Tokens { get; }

    /// <summary>How many tokens the model counts; ids of new added tokens begin here.</summary>
    public virtual int VocabularySize => Tokens.Count;

    /// <summary>
    /// The pieces are raw bytes, not characters of the byte-level alphabet: the last pre-tokenizer need not map them.
    /// </summary>
    public virtual bool TakesRawBytes => false;

    /// <summary>Appends the piece's ids. The piece is well-formed UTF-8 (or raw bytes) and not empty.</summary>
    public abstract void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output);
}
