namespace FastMlx.Chat.Templates;

/// <summary>Number literals: 1_000, 0x1f, 0b1, 0o7, 1.5, 1e-3.</summary>
internal static class NumberLexer
{
    public static bool TryRead(string source, int at, out int end, out bool isFloat)
    {
        isFloat = TryReadFloat(source, at, out end);
        return isFloat || TryReadInteger(source, at, out end);
    }

    private static bool TryReadFloat(string source, int at, out int end)
    {
        end = at;
        if (at > 0 && source[at - 1] == '.')
            return false;
        int whole = Digits(source, at);
        if (whole == at)
            return false;
        int fraction = whole;
        if (fraction < source.Length && source[fraction] == '.')
        {
            int digits = Digits(source, fraction + 1);
            if (digits > fraction + 1)
                fraction = digits;
        }

        end = fraction;
        if (end < source.Length && source[end] is 'e' or 'E')
        {
            int power = end + 1;
            if (power < source.Length && source[power] is '+' or '-')
                power++;
            int digits = Digits(source, power);
            if (digits > power)
            {
                end = digits;
                return true;
            }
        }

        return fraction > whole;
    }

    private static bool TryReadInteger(string source, int at, out int end)
    {
        end = at;
        if (source[at] == '0' && at + 1 < source.Length)
        {
            string digits = char.ToLowerInvariant(source[at + 1]) switch
            {
                'x' => "0123456789abcdefABCDEF",
                'o' => "01234567",
                'b' => "01",
                _ => "",
            };
            int from = at + 2;
            int last = from;
            while (digits.Length > 0 && last < source.Length && (digits.Contains(source[last])
                || (source[last] == '_' && last + 1 < source.Length && digits.Contains(source[last + 1]))))
                last++;
            if (last > from)
            {
                end = last;
                return true;
            }
        }

        bool zero = source[at] == '0';
        end = at + 1;
        while (end < source.Length && (IsDigit(source, end, zero)
            || (source[end] == '_' && end + 1 < source.Length && IsDigit(source, end + 1, zero))))
            end++;
        return char.IsAsciiDigit(source[at]);
    }

    private static bool IsDigit(string source, int at, bool onlyZero) =>
        onlyZero ? source[at] == '0' : char.IsAsciiDigit(source[at]);

    private static int Digits(string source, int at)
    {
        int end = at;
        while (end < source.Length && (char.IsAsciiDigit(source[end])
            || (source[end] == '_' && end > at && end + 1 < source.Length && char.IsAsciiDigit(source[end + 1])
                && source[end - 1] != '_')))
            end++;
        return end;
    }
}
