using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads code points of well-formed UTF-8; every text is made well-formed where it enters the room.</summary>
internal static class Utf8Text
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decode(ReadOnlySpan<byte> text, int position, out int length)
    {
        int lead = text[position];
        if (lead < 0x80)
        {
            length = 1;
            return lead;
        }
        return DecodeLong(text, position, lead, out length);
    }

    public static int LengthOf(byte lead) => lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    /// <summary>Where the character that ends at <paramref name="end"/> begins.</summary>
    public static int Before(ReadOnlySpan<byte> text, int end)
    {
        int start = end - 1;
        while (start > 0 && (text[start] & 0xC0) == 0x80)
            start--;
        return start;
    }

    public static int Encode(int codePoint, Span<byte> destination)
    {
        if (codePoint < 0x80)
        {
            destination[0] = (byte)codePoint;
            return 1;
        }
        if (codePoint < 0x800)
        {
            destination[0] = (byte)(0xC0 | codePoint >> 6);
            destination[1] = (byte)(0x80 | codePoint & 0x3F);
            return 2;
        }
        if (codePoint < 0x10000)
        {
            destination[0] = (byte)(0xE0 | codePoint >> 12);
            destination[1] = (byte)(0x80 | codePoint >> 6 & 0x3F);
            destination[2] = (byte)(0x80 | codePoint & 0x3F);
            return 3;
        }
        destination[0] = (byte)(0xF0 | codePoint >> 18);
        destination[1] = (byte)(0x80 | codePoint >> 12 & 0x3F);
        destination[2] = (byte)(0x80 | codePoint >> 6 & 0x3F);
        destination[3] = (byte)(0x80 | codePoint & 0x3F);
        return 4;
    }

    private static int DecodeLong(ReadOnlySpan<byte> text, int position, int lead, out int length)
    {
        if (lead < 0xE0)
        {
            length = 2;
            return (lead & 0x1F) << 6 | text[position + 1] & 0x3F;
        }
        if (lead < 0xF0)
        {
            length = 3;
            return (lead & 0x0F) << 12 | (text[position + 1] & 0x3F) << 6 | text[position + 2] & 0x3F;
        }
        length = 4;
        return (lead & 0x07) << 18 | (text[position + 1] & 0x3F) << 12 | (text[position + 2] & 0x3F) << 6
            | text[position + 3] & 0x3F;
    }
}
