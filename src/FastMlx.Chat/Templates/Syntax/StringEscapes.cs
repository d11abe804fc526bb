using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Python's unicode-escape decoding of string literals.</summary>
internal static class StringEscapes
{
    /// <summary>Null where an escape is cut short or no character.</summary>
    public static string? Decode(string raw)
    {
        if (!raw.Contains('\\'))
            return raw;
        var text = new StringBuilder(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            if (++i >= raw.Length || !Append(text, raw, ref i))
                return null;
        }

        return text.ToString();
    }

    private static bool Append(StringBuilder text, string raw, ref int at)
    {
        char escape = raw[at];
        int digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits >= raw.Length || !int.TryParse(
                raw.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code is < 0 or > 0x10ffff)
                return false;
            if (code is >= 0xd800 and < 0xe000 or < 0x10000)
                text.Append((char)code);
            else
                text.Append(char.ConvertFromUtf32(code));
            at += digits;
            return true;
        }

        if (escape is >= '0' and <= '7')
        {
            int code = 0;
            int end = at;
            while (end < raw.Length && end < at + 3 && raw[end] is >= '0' and <= '7')
                code = code * 8 + raw[end++] - '0';
            text.Append((char)code);
            at = end - 1;
            return true;
        }

        switch (escape)
        {
            case '\n':
                return true;
            case 'N':
                return false;
            case 'n':
                text.Append('\n');
                return true;
            case 't':
                text.Append('\t');
                return true;
            case 'r':
                text.Append('\r');
                return true;
            case 'a':
                text.Append('\a');
                return true;
            case 'b':
                text.Append('\b');
                return true;
            case 'f':
                text.Append('\f');
                return true;
            case 'v':
                text.Append('\v');
                return true;
            case '\\' or '\'' or '"':
                text.Append(escape);
                return true;
            default:
                text.Append('\\').Append(escape);
                return true;
        }
    }
}
