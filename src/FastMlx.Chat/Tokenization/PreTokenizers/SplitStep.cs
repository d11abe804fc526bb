namespace FastMlx.Chat.Tokenization;

/// <summary>Cuts every piece by a pattern. Each piece is a text of its own for the pattern.</summary>
internal sealed class SplitStep(CutPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizerStep
{
    public override void Apply(PieceList pieces, EncodeScratch scratch)
    {
        pieces.BeginPieces();
        ReadOnlySpan<byte> text = pieces.Text;
        CutList output = pieces.Spare;
        for (int i = 0; i < pieces.Items.Count; i++)
        {
            Cut piece = pieces.Items[i];
            int first = output.Count;
            pattern.CutAll(text[piece.Start..piece.End], piece.Start, output, scratch);
            if (behavior == SplitBehavior.Isolated)
                continue;
            Span<Cut> cuts = output.Span[first..];
            if (invert)
            {
                foreach (ref Cut cut in cuts)
                    cut.IsMatch = !cut.IsMatch;
            }
            output.Truncate(first + Arrange(cuts));
        }
        pieces.EndPieces();
    }

    private int Arrange(Span<Cut> cuts) => behavior switch
    {
        SplitBehavior.Removed => Remove(cuts),
        SplitBehavior.Contiguous => JoinEqual(cuts),
        SplitBehavior.MergedWithPrevious => JoinWithPrevious(cuts),
        _ => JoinWithNext(cuts),
    };

    private static int Remove(Span<Cut> cuts)
    {
        int n = 0;
        foreach (Cut cut in cuts)
        {
            if (!cut.IsMatch)
                cuts[n++] = cut;
        }
        return n;
    }

    private static int JoinEqual(Span<Cut> cuts)
    {
        int n = 0;
        foreach (Cut cut in cuts)
        {
            if (n > 0 && cuts[n - 1].IsMatch == cut.IsMatch)
                cuts[n - 1].End = cut.End;
            else
                cuts[n++] = cut;
        }
        return n;
    }

    // A match joins what is in front of it, unless that is a match too.
    private static int JoinWithPrevious(Span<Cut> cuts)
    {
        int n = 0;
        bool previousMatch = false;
        foreach (Cut cut in cuts)
        {
            if (cut.IsMatch && !previousMatch && n > 0)
                cuts[n - 1].End = cut.End;
            else
                cuts[n++] = cut;
            previousMatch = cut.IsMatch;
        }
        return n;
    }

    private static int JoinWithNext(Span<Cut> cuts)
    {
        int first = cuts.Length;
        bool nextMatch = false;
        for (int i = cuts.Length - 1; i >= 0; i--)
        {
            Cut cut = cuts[i];
            if (cut.IsMatch && !nextMatch && first < cuts.Length)
                cuts[first].Start = cut.Start;
            else
                cuts[--first] = cut;
            nextMatch = cut.IsMatch;
        }
        cuts[first..].CopyTo(cuts);
        return cuts.Length - first;
    }
}
