namespace FastMlx.Chat.Tokenization;

/// <summary>Takes white space from the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        int start = left ? Runs.While(input, 0, CharClasses.White) : 0;
        int end = input.Length;
        while (right && end > start)
        {
            int before = Utf8Text.Before(input, end);
            if ((CharClasses.At(input, before, out _) & CharClasses.White) == 0)
                break;
            end = before;
        }
        if (end - start == input.Length)
            return false;
        output.Append(input[start..end], marks.IsEmpty ? marks : marks[start..end]);
        return true;
    }
}
