namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The last part of ByteLevel: bytes become characters of the alphabet. Used only where something follows that needs
/// the characters; a model that takes raw bytes is given the text as it is.
/// </summary>
internal sealed class ByteLevelStep : PreTokenizerStep
{
    public override void Apply(PieceList pieces, EncodeScratch scratch)
    {
        pieces.BeginText();
        ReadOnlySpan<byte> text = pieces.Text;
        foreach (Cut piece in pieces.Items.Span)
        {
            int start = pieces.SpareText.Length;
            foreach (byte b in text[piece.Start..piece.End])
                pieces.SpareText.AppendRune(ByteAlphabet.CharacterOf(b));
            pieces.Spare.Add(start, pieces.SpareText.Length);
        }
        pieces.EndText();
    }
}
