namespace FastMlx.Chat.Tokenization;

/// <summary>Maps each character to one character, or drops it (-1).</summary>
internal sealed class RuneMapNormalizer(Func<int, int> map) : TextNormalizer
{
    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        int position = 0;
        while (position < input.Length)
        {
            int mapped = map(Utf8Text.Decode(input, position, out int length));
            if (mapped >= 0)
                output.AppendRune(mapped, marks.IsEmpty ? (byte)0 : marks[position]);
            position += length;
        }
        return true;
    }

    /// <summary>The Nmt normalizer: control characters go, line ends and format characters become spaces.</summary>
    public static int Nmt(int c) => c switch
    {
        >= 0x01 and <= 0x08 or 0x0B or >= 0x0E and <= 0x1F or 0x7F or 0x8F or 0x9F => -1,
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or >= 0x200B and <= 0x200F or 0x2028 or 0x2029 or 0x2581 or 0xFEFF
            or 0xFFFD => ' ',
        _ => c,
    };

    /// <summary>The StripAccents normalizer: the combining marks of Unicode 9.0 go.</summary>
    public static int StripAccents(int c) =>
        (CharClasses.Of(c) & CharClasses.Mark) != 0 && UnicodeScriptTable.Instance.InUnicode9(c) >= 0 ? -1 : c;
}
