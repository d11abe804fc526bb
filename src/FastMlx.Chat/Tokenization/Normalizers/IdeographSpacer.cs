namespace FastMlx.Chat.Tokenization;

/// <summary>BertNormalizer's handle_chinese_chars: a space on both sides of every ideograph.</summary>
internal sealed class IdeographSpacer : TextNormalizer
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
            bool ideograph = IsIdeograph(c);
            if (ideograph)
                output.AppendRune(' ', mark);
            output.AppendRune(c, mark);
            if (ideograph)
                output.AppendRune(' ', mark);
        }
        return true;
    }

    // The reference's list; it leaves out the block at U+2B820.
    private static bool IsIdeograph(int c) => c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF
        or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F
        or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
