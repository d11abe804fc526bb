namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Aya's `\d{1,3}(?=(?:\d{3})*\b)`: groups of three counted from the right end of a run of digits, if the run ends at a
/// word border; 1234567 is 1, 234, 567.
/// </summary>
internal sealed class RightAlignedDigits : CutPattern
{
    public override void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch)
    {
        int gap = 0;
        int position = 0;
        while (position < text.Length)
        {
            int bits = CharClasses.At(text, position, out int length);
            if ((bits & CharClasses.Digit) == 0)
            {
                position += length;
                continue;
            }
            int end = Runs.While(text, position, CharClasses.Digit);
            if (end == text.Length || (CharClasses.At(text, end, out _) & CharClasses.Word) == 0)
            {
                if (gap < position)
                    output.Add(offset + gap, offset + position);
                CutRun(text, offset, position, end, output);
                gap = end;
            }
            position = end;
        }
        if (gap < text.Length)
            output.Add(offset + gap, offset + text.Length);
    }

    private static void CutRun(ReadOnlySpan<byte> text, int offset, int start, int end, CutList output)
    {
        int digits = 0;
        for (int i = start; i < end; i += Utf8Text.LengthOf(text[i]))
            digits++;
        int take = digits % 3 == 0 ? 3 : digits % 3;
        while (start < end)
        {
            int position = start;
            for (int i = 0; i < take; i++)
                position += Utf8Text.LengthOf(text[position]);
            output.Add(offset + start, offset + position, isMatch: true);
            start = position;
            take = 3;
        }
    }
}
