using System.Buffers;
using System.Text;

namespace FastMlx.Api;

/// <summary>
/// Writes JSON as raw UTF-8: only `"`, `\`, control characters and U+2028/2029 are escaped (the library's encoders
/// turn an emoji into twelve bytes). Allocates nothing for UTF-8 input.
/// </summary>
internal static class JsonText
{
    private const byte SeparatorLead = 0xE2;

    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (byte)c), (byte)'"', (byte)'\\', SeparatorLead]);

    /// <summary>Bytes as they are: names, brackets, numbers.</summary>
    public static IBufferWriter<byte> Raw(this IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        output.Write(json);
        return output;
    }

    /// <summary>
    /// JSON that is JSON already, on one line: line breaks between its tokens would break an event's frame.
    /// </summary>
    public static IBufferWriter<byte> Json(this IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        while (json.IndexOfAny((byte)'\n', (byte)'\r') is >= 0 and int at)
        {
            output.Write(json[..at]);
            output.Write(" "u8);
            json = json[(at + 1)..];
        }
        output.Write(json);
        return output;
    }

    public static IBufferWriter<byte> Json(this IBufferWriter<byte> output, string json) =>
        output.Json(Encoding.UTF8.GetBytes(json));

    /// <summary>A string with its quotes.</summary>
    public static IBufferWriter<byte> Text(this IBufferWriter<byte> output, ReadOnlySpan<byte> utf8)
    {
        output.Write("\""u8);
        output.Escaped(utf8);
        output.Write("\""u8);
        return output;
    }

    /// <summary>A string with its quotes, or null. A lone surrogate becomes U+FFFD.</summary>
    public static IBufferWriter<byte> Text(this IBufferWriter<byte> output, string? text) =>
        text is null ? output.Raw("null"u8) : output.Text(Encoding.UTF8.GetBytes(text));

    public static IBufferWriter<byte> Number(this IBufferWriter<byte> output, long value)
    {
        Span<byte> digits = output.GetSpan(20);
        value.TryFormat(digits, out int count, provider: System.Globalization.CultureInfo.InvariantCulture);
        output.Advance(count);
        return output;
    }

    public static IBufferWriter<byte> Number(this IBufferWriter<byte> output, float value)
    {
        Span<byte> digits = output.GetSpan(32);
        value.TryFormat(digits, out int count, "R", System.Globalization.CultureInfo.InvariantCulture);
        output.Advance(count);
        return output;
    }

    public static IBufferWriter<byte> Boolean(this IBufferWriter<byte> output, bool value) =>
        output.Raw(value ? "true"u8 : "false"u8);

    /// <summary>The inside of a string: pieces of one string may be written one after the other.</summary>
    public static void Escaped(this IBufferWriter<byte> output, ReadOnlySpan<byte> utf8)
    {
        while (true)
        {
            int clean = utf8.IndexOfAny(Special);
            if (clean < 0)
            {
                output.Write(utf8);
                return;
            }
            if (clean > 0)
                output.Write(utf8[..clean]);
            utf8 = utf8[clean..];
            utf8 = utf8[(utf8[0] == SeparatorLead ? Separator(output, utf8) : Escape(output, utf8[0]))..];
        }
    }

    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9; other characters with this lead pass.
    private static int Separator(IBufferWriter<byte> output, ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 3 || utf8[1] != 0x80 || utf8[2] is not (0xA8 or 0xA9))
        {
            output.Write(utf8[..1]);
            return 1;
        }
        output.Write(utf8[2] == 0xA8 ? "\\u2028"u8 : "\\u2029"u8);
        return 3;
    }

    private static int Escape(IBufferWriter<byte> output, byte c)
    {
        ReadOnlySpan<byte> hex = "0123456789abcdef"u8;
        switch (c)
        {
            case (byte)'"': output.Write("\\\""u8); break;
            case (byte)'\\': output.Write("\\\\"u8); break;
            case (byte)'\n': output.Write("\\n"u8); break;
            case (byte)'\r': output.Write("\\r"u8); break;
            case (byte)'\t': output.Write("\\t"u8); break;
            case (byte)'\b': output.Write("\\b"u8); break;
            case (byte)'\f': output.Write("\\f"u8); break;
            default:
                output.Write("\\u00"u8);
                output.Write(hex.Slice(c >> 4, 1));
                output.Write(hex.Slice(c & 15, 1));
                break;
        }
        return 1;
    }
}
