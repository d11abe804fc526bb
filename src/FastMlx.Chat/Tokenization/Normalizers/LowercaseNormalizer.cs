using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Lower case, character by character: no final sigma, and U+0130 becomes i with a dot above.</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        int position = 0;
        while (position < input.Length)
        {
            int c = Utf8Text.Decode(input, position, out int length);
            byte mark = marks.IsEmpty ? (byte)0 : marks[position];
            position += length;
            if (c == 0x130)
            {
                output.AppendRune('i', mark);
                output.AppendRune(0x307, mark);
            }
            else
            {
                output.AppendRune(c < 0x80 ? char.ToLowerInvariant((char)c) : Rune.ToLowerInvariant(new Rune(c)).Value, mark);
            }
        }
        return true;
    }
}
