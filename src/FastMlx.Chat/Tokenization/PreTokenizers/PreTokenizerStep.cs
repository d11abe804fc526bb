namespace FastMlx.Chat.Tokenization;

/// <summary>One step that cuts or rewrites the pieces of a text. Read by any thread.</summary>
internal abstract class PreTokenizerStep
{
    public abstract void Apply(PieceList pieces, EncodeScratch scratch);
}
