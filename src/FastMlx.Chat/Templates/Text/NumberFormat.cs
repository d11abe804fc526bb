using System.Globalization;
using System.Numerics;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Numbers as Python's format specifications and % conversions write them, without sign or padding.</summary>
internal static class NumberFormat
{
    private const int MaxPrecision = 400;

    public static string Integer(BigInteger magnitude, char type) => type switch
    {
        'x' => Radix(magnitude, 16),
        'X' => Radix(magnitude, 16).ToUpperInvariant(),
        'o' => Radix(magnitude, 8),
        'b' => Radix(magnitude, 2),
        _ => magnitude.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A float's magnitude for e, f, g (upper case: the same in capitals) and % .</summary>
    public static string Float(double magnitude, char type, int precision, bool alternate)
    {
        if (precision > MaxPrecision)
            throw TemplateException.Limit("a number's precision is too large");
        char lower = char.ToLowerInvariant(type);
        string text = !double.IsFinite(magnitude) ? double.IsNaN(magnitude) ? "nan" : "inf"
            : lower switch
            {
                'f' => Fixed(magnitude, precision, alternate),
                '%' => Fixed(magnitude * 100, precision, alternate) + "%",
                'e' => Exponent(magnitude, precision, alternate),
                _ => General(magnitude, Math.Max(precision, 1), alternate),
            };
        return char.IsUpper(type) ? text.ToUpperInvariant() : text;
    }

    public static string Group(string digits, char separator, int size)
    {
        int point = digits.AsSpan().IndexOfAny(".e%");
        string whole = point < 0 ? digits : digits[..point];
        var grouped = new StringBuilder();
        for (int i = 0; i < whole.Length; i++)
        {
            if (i > 0 && (whole.Length - i) % size == 0)
                grouped.Append(separator);
            grouped.Append(whole[i]);
        }

        return grouped.Append(point < 0 ? "" : digits[point..]).ToString();
    }

    /// <summary>A precision but no type: like g, but with one digit after the point at least.</summary>
    public static string GeneralWithPoint(double magnitude, int precision)
    {
        string text = General(magnitude, Math.Max(precision, 1), false);
        return text.AsSpan().IndexOfAny(".en") < 0 ? text + ".0" : text;
    }

    private static string Fixed(double magnitude, int precision, bool alternate)
    {
        string text = magnitude.ToString("F" + precision, CultureInfo.InvariantCulture);
        return alternate && precision == 0 ? text + "." : text;
    }

    private static string Exponent(double magnitude, int precision, bool alternate)
    {
        string text = magnitude.ToString(
            "0." + new string('0', precision) + "e+00", CultureInfo.InvariantCulture);
        if (precision > 15)
            text = magnitude.ToString("E" + precision, CultureInfo.InvariantCulture).Replace("E+0", "e+")
                .Replace("E-0", "e-");
        return alternate && precision == 0 ? text.Replace("e", ".e") : text;
    }

    private static string General(double magnitude, int precision, bool alternate)
    {
        if (magnitude == 0)
            return alternate ? "0." + new string('0', precision - 1) : "0";
        string scientific = Exponent(magnitude, precision - 1, false);
        int mark = scientific.IndexOf('e');
        int exponent = int.Parse(
            scientific.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent >= -4 && exponent < precision)
            return Trim(Fixed(magnitude, precision - 1 - exponent, alternate), alternate);
        return Trim(scientific[..mark], alternate) + scientific[mark..];
    }

    private static string Trim(string text, bool alternate) =>
        alternate || !text.Contains('.') ? text : text.TrimEnd('0').TrimEnd('.');

    private static string Radix(BigInteger magnitude, int radix)
    {
        if (magnitude.IsZero)
            return "0";
        var digits = new StringBuilder();
        while (!magnitude.IsZero)
        {
            magnitude = BigInteger.DivRem(magnitude, radix, out BigInteger digit);
            digits.Insert(0, "0123456789abcdef"[(int)digit]);
        }

        return digits.ToString();
    }
}
