using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Replaces every match of a pattern by a text.</summary>
internal sealed class ReplaceNormalizer(CutPattern pattern, string content) : TextNormalizer
{
    private readonly byte[] _content = Encoding.UTF8.GetBytes(content);

    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        if (input.IsEmpty)
            return false;
        CutList cuts = scratch.Pieces.Spare;
        cuts.Clear();
        pattern.CutAll(input, 0, cuts, scratch);
        if (cuts.Count == 1 && !cuts[0].IsMatch)
            return false;
        foreach (Cut cut in cuts.Span)
        {
            ReadOnlySpan<byte> cutMarks = marks.IsEmpty ? marks : marks[cut.Start..cut.End];
            if (cut.IsMatch)
                output.Append(_content, cutMarks.Contains((byte)1) ? (byte)1 : (byte)0);
            else
                output.Append(input[cut.Start..cut.End], cutMarks);
        }
        return true;
    }
}
