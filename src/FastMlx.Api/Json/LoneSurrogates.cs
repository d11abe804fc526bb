using System.Buffers;

namespace FastMlx.Api;

/// <summary>Finds `\ud83d`-like escapes without their other half: legal JSON that is no text.</summary>
internal static class LoneSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>A pooled copy in which each lone escape is \ufffd, or null where there is none.</summary>
    public static byte[]? Replace(ReadOnlySpan<byte> json)
    {
        byte[]? copy = null;
        int at = 0;
        while (true)
        {
            int step = json[at..].IndexOf((byte)'\\');
            if (step < 0)
                return copy;
            at += step;
            int unit = Unit(json[at..]);
            if (!char.IsSurrogate((char)unit))
            {
                at = Math.Min(at + 2, json.Length);
                continue;
            }
            if (char.IsHighSurrogate((char)unit) && char.IsLowSurrogate((char)Unit(json[(at + EscapeLength)..])))
            {
                at += 2 * EscapeLength;
                continue;
            }
            copy ??= Copy(json);
            "\\ufffd"u8.CopyTo(copy.AsSpan(at));
            at += EscapeLength;
        }
    }

    private static byte[] Copy(ReadOnlySpan<byte> json)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(json.Length);
        json.CopyTo(copy);
        return copy;
    }

    // The UTF-16 unit of the \uXXXX at the start, or 0.
    private static int Unit(ReadOnlySpan<byte> text)
    {
        if (text.Length < EscapeLength || text[0] != '\\' || text[1] != 'u')
            return 0;
        int unit = 0;
        for (int i = 2; i < EscapeLength; i++)
        {
            int digit = HexDigit(text[i]);
            if (digit < 0)
                return 0;
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private static int HexDigit(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}
