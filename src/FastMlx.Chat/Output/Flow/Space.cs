namespace FastMlx.Chat.Output;

/// <summary>
/// White space as models write it between text and markup: ASCII, U+00A0, U+2000-200A, U+3000 and kin.
/// </summary>
internal static class Space
{
    public static bool IsAscii(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Bytes of the white-space character that begins <paramref name="text"/>, or 0.</summary>
    public static int Leading(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;
        if (IsAscii(text[0]))
            return 1;
        if (text.Length >= 2 && text[0] == 0xC2)
            return text[1] is 0xA0 or 0x85 ? 2 : 0;
        return text.Length >= 3 && IsWide(text[0], text[1], text[2]) ? 3 : 0;
    }

    /// <summary>Bytes of white space at the end of <paramref name="text"/>.</summary>
    public static int Trailing(ReadOnlySpan<byte> text)
    {
        int end = text.Length;
        while (end > 0)
        {
            int size = TrailingCharacter(text[..end]);
            if (size == 0)
                break;
            end -= size;
        }
        return text.Length - end;
    }

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (Leading(text) is var size && size > 0)
            text = text[size..];
        return text[..^Trailing(text)];
    }

    private static int TrailingCharacter(ReadOnlySpan<byte> text)
    {
        byte last = text[^1];
        if (last < 0x80)
            return IsAscii(last) ? 1 : 0;
        if (text.Length >= 2 && text[^2] == 0xC2)
            return last is 0xA0 or 0x85 ? 2 : 0;
        return text.Length >= 3 && IsWide(text[^3], text[^2], last) ? 3 : 0;
    }

    private static bool IsWide(byte first, byte second, byte third) => (first, second) switch
    {
        (0xE1, 0x9A) => third == 0x80,
        (0xE2, 0x80) => third is (>= 0x80 and <= 0x8A) or 0xA8 or 0xA9 or 0xAF,
        (0xE2, 0x81) => third == 0x9F,
        (0xE3, 0x80) => third == 0x80,
        _ => false,
    };
}
