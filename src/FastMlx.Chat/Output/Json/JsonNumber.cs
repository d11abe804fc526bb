using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>Numbers as text: their spelling is kept, so that no digit is lost in a double.</summary>
internal static class JsonNumber
{
    private const int DigitsMax = 1024;

    /// <summary>
    /// A spelling that JSON allows: a leading plus, leading zeros and a bare decimal point are mended. Null where the
    /// text is no finite number.
    /// </summary>
    public static string? Normalize(ReadOnlySpan<byte> text)
    {
        bool negative = text.StartsWith("-"u8);
        if (negative || text.StartsWith("+"u8))
            text = text[1..];
        if (text.IsEmpty || text.Length > DigitsMax)
            return null;
        int whole = Digits(text);
        ReadOnlySpan<byte> rest = text[whole..];
        int fraction = 0;
        if (rest.StartsWith("."u8))
        {
            fraction = Digits(rest[1..]);
            rest = rest[(fraction + 1)..];
        }
        if (whole + fraction == 0 || !IsExponent(rest))
            return null;
        ReadOnlySpan<byte> integral = text[..whole].TrimStart((byte)'0');
        var result = new StringBuilder();
        result.Append(negative ? "-" : "").Append(integral.IsEmpty ? "0" : Encoding.ASCII.GetString(integral));
        if (fraction > 0)
            result.Append('.').Append(Encoding.ASCII.GetString(text.Slice(whole + 1, fraction)));
        return result.Append(Encoding.ASCII.GetString(rest)).ToString();
    }

    /// <summary>The same number without fraction and exponent ("42.0" → "42", "1e3" → "1000"), or null.</summary>
    public static string? AsInteger(string number)
    {
        ReadOnlySpan<char> text = number;
        int exponentAt = text.IndexOfAny('e', 'E');
        int exponent = 0;
        bool isExponent = exponentAt < 0 || int.TryParse(text[(exponentAt + 1)..], out exponent);
        if (!isExponent || Math.Abs(exponent) > DigitsMax)
            return null;
        ReadOnlySpan<char> mantissa = exponentAt >= 0 ? text[..exponentAt] : text;
        int point = mantissa.IndexOf('.');
        if (point < 0 && exponent == 0)
            return number;
        ReadOnlySpan<char> whole = point < 0 ? mantissa : mantissa[..point];
        ReadOnlySpan<char> fraction = point < 0 ? [] : mantissa[(point + 1)..].TrimEnd('0');
        bool negative = whole.StartsWith("-");
        string digits = string.Concat(negative ? whole[1..] : whole, fraction);
        int scale = exponent - fraction.Length;
        if (scale < 0 && digits.AsSpan().TrimStart('0').IsEmpty)
            return "0";
        if (scale < 0 && !EndsWithZeros(digits, -scale))
            return null;
        digits = scale < 0 ? digits[..^-scale] : digits + new string('0', scale);
        digits = digits.TrimStart('0');
        return digits.Length == 0 ? "0" : negative ? "-" + digits : digits;
    }

    private static bool EndsWithZeros(string digits, int count) =>
        count < digits.Length && digits.AsSpan(digits.Length - count).Trim('0').IsEmpty;

    private static int Digits(ReadOnlySpan<byte> text)
    {
        int count = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return count < 0 ? text.Length : count;
    }

    private static bool IsExponent(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return true;
        if (text[0] is not ((byte)'e' or (byte)'E'))
            return false;
        text = text[1..];
        if (text.StartsWith("-"u8) || text.StartsWith("+"u8))
            text = text[1..];
        return text.Length is > 0 and <= 4 && Digits(text) == text.Length;
    }
}
