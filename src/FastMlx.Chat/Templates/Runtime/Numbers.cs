using System.Buffers;
using System.Globalization;
using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Reading numbers from values and from text, as Python's int() and float() do.</summary>
internal static class Numbers
{
    private static readonly SearchValues<char> FloatCharacters = SearchValues.Create("0123456789+-.eE");

    public static bool TryGet(Value value, out Number number)
    {
        switch (value)
        {
            case BooleanValue boolean:
                number = new Number(false, 0, boolean.Value ? 1 : 0);
                return true;
            case IntegerValue integer:
                number = new Number(false, 0, integer.Number);
                return true;
            case FloatValue real:
                number = new Number(true, real.Number, default);
                return true;
            default:
                number = default;
                return false;
        }
    }

    /// <summary>An index or count: an int or bool, clamped to what a long holds.</summary>
    public static long RequireIndex(Value value, string what)
    {
        switch (value)
        {
            case IntegerValue { Big: null } integer:
                return integer.Small;
            case IntegerValue integer:
                return integer.Number.Sign * (long.MaxValue / 4);
            case BooleanValue boolean:
                return boolean.Value ? 1 : 0;
            case UndefinedValue undefined:
                throw undefined.Error();
            default:
                throw TemplateException.Type($"{what} must be integers, not {value.TypeName}");
        }
    }

    public static Value ToInteger(double number)
    {
        if (double.IsNaN(number))
            throw TemplateException.Value("cannot convert float NaN to integer");
        if (double.IsInfinity(number))
            throw TemplateException.Value("cannot convert float infinity to integer");
        return IntegerValue.Of(new BigInteger(Math.Truncate(number)));
    }

    /// <summary>int(text, radix): white space around, a sign, single underscores between digits, a prefix.</summary>
    public static bool TryParseInteger(string text, int radix, out BigInteger number)
    {
        number = default;
        string trimmed = PythonCharacters.Trim(text);
        bool negative = trimmed.StartsWith('-');
        string digits = negative || trimmed.StartsWith('+') ? trimmed[1..] : trimmed;
        bool prefixed = false;
        if (digits.Length > 1 && digits[0] == '0')
        {
            int named = char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
            if (named != 0 && (radix == named || radix == 0))
            {
                radix = named;
                digits = digits[2..];
                prefixed = true;
            }
        }

        if (radix == 0)
        {
            if (digits.Length > 1 && digits[0] == '0' && digits.AsSpan().TrimStart("0_").Length > 0)
                return false;
            radix = 10;
        }

        if (prefixed && digits.StartsWith('_'))
            digits = digits[1..];
        if (!ReadDigits(digits, radix, out number))
            return false;
        if (negative)
            number = -number;
        return true;
    }

    /// <summary>float(text).</summary>
    public static bool TryParseFloat(string text, out double number)
    {
        string trimmed = PythonCharacters.Trim(text);
        string lower = trimmed.TrimStart('+', '-').ToLowerInvariant();
        bool signed = trimmed.Length - lower.Length == 1;
        if ((signed || trimmed.Length == lower.Length) && lower is "inf" or "infinity" or "nan")
        {
            number = lower == "nan" ? double.NaN : double.PositiveInfinity;
            if (trimmed.StartsWith('-'))
                number = -number;
            return true;
        }

        number = 0;
        if (!HasSingleUnderscores(trimmed))
            return false;
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint
            | NumberStyles.AllowExponent;
        string plain = trimmed.Replace("_", "", StringComparison.Ordinal);
        if (plain.AsSpan().ContainsAnyExcept(FloatCharacters))
            return false;
        return double.TryParse(plain, style, CultureInfo.InvariantCulture, out number);
    }

    private static bool ReadDigits(string digits, int radix, out BigInteger number)
    {
        number = BigInteger.Zero;
        if (digits.Length == 0 || digits.Length > 5000 || !HasSingleUnderscores(digits))
            return false;
        foreach (char character in digits)
        {
            if (character == '_')
                continue;
            int digit = DigitOf(character);
            if (digit < 0 || digit >= radix)
                return false;
            number = number * radix + digit;
        }

        return true;
    }

    private static int DigitOf(char character)
    {
        if (char.IsDigit(character))
            return (int)char.GetNumericValue(character);
        char lower = char.ToLowerInvariant(character);
        return lower is >= 'a' and <= 'z' ? lower - 'a' + 10 : -1;
    }

    private static bool HasSingleUnderscores(string digits)
    {
        for (int i = 0; i < digits.Length; i++)
        {
            if (digits[i] == '_'
                && (i == 0 || i == digits.Length - 1 || !char.IsLetterOrDigit(digits[i - 1])
                    || !char.IsLetterOrDigit(digits[i + 1])))
                return false;
        }

        return true;
    }
}
