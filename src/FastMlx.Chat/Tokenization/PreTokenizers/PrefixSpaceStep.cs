namespace FastMlx.Chat.Tokenization;

/// <summary>ByteLevel's add_prefix_space: every piece begins with a space.</summary>
internal sealed class PrefixSpaceStep : PreTokenizerStep
{
    public override void Apply(PieceList pieces, EncodeScratch scratch)
    {
        pieces.BeginText();
        ReadOnlySpan<byte> text = pieces.Text;
        foreach (Cut piece in pieces.Items.Span)
        {
            int start = pieces.SpareText.Length;
            if (text[piece.Start] != ' ')
                pieces.SpareText.Append((byte)' ');
            pieces.SpareText.Append(text[piece.Start..piece.End]);
            pieces.Spare.Add(start, pieces.SpareText.Length);
        }
        pieces.EndText();
    }
}
