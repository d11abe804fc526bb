namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Spaces become the meta character, one is put in front; with split, every meta character begins a piece.
/// </summary>
internal sealed class MetaspaceStep(int replacement, PrependScheme scheme, bool split) : PreTokenizerStep
{
    public override void Apply(PieceList pieces, EncodeScratch scratch)
    {
        Span<byte> meta = stackalloc byte[4];
        meta = meta[..Utf8Text.Encode(replacement, meta)];
        bool first = pieces.Items.Count > 0 && pieces.IsTextStart(0);
        pieces.BeginText();
        ReadOnlySpan<byte> text = pieces.Text;
        for (int i = 0; i < pieces.Items.Count; i++)
        {
            ReadOnlySpan<byte> piece = text[pieces.Items[i].Start..pieces.Items[i].End];
            int start = pieces.SpareText.Length;
            bool prepend = scheme == PrependScheme.Always || scheme == PrependScheme.First && first && i == 0;
            if (prepend && piece[0] != ' ' && !piece.StartsWith(meta))
                pieces.SpareText.Append(meta);
            Replace(piece, meta, pieces.SpareText);
            Cut(pieces, start, meta);
        }
        pieces.EndText();
    }

    private static void Replace(ReadOnlySpan<byte> piece, ReadOnlySpan<byte> meta, ByteBuffer output)
    {
        while (!piece.IsEmpty)
        {
            int space = piece.IndexOf((byte)' ');
            if (space < 0)
            {
                output.Append(piece);
                return;
            }
            output.Append(piece[..space]);
            output.Append(meta);
            piece = piece[(space + 1)..];
        }
    }

    private void Cut(PieceList pieces, int start, ReadOnlySpan<byte> meta)
    {
        ReadOnlySpan<byte> text = pieces.SpareText.Span;
        while (split && start < text.Length)
        {
            int next = text[(start + 1)..].IndexOf(meta);
            if (next < 0)
                break;
            pieces.Spare.Add(start, start + 1 + next);
            start += 1 + next;
        }
        if (start < text.Length)
            pieces.Spare.Add(start, text.Length);
    }
}
