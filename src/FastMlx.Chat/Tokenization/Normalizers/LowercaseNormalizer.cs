using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Lower case, character by character: no final sigma, and U+0130 becomes i with a dot above. The reference has the
/// mappings of Unicode 17, the runtime those of 16.
/// </summary>
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
                output.AppendRune(Lower(c), mark);
            }
        }
        return true;
    }

    private static int Lower(int c) => c switch
    {
        < 0x80 => char.ToLowerInvariant((char)c),
        0xA7CE or 0xA7D2 or 0xA7D4 => c + 1,
        >= 0x16EA0 and <= 0x16EB8 => c + 0x1B,
        _ => Rune.ToLowerInvariant(new Rune(c)).Value,
    };
}
