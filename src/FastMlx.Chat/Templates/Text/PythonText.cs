using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Python's str() and repr().</summary>
internal static class PythonText
{
    /// <summary>str(value), with the marks of what it is made of.</summary>
    public static StringValue Of(Value value, Budget budget)
    {
        switch (value)
        {
            case StringValue text:
                return text;
            case NoneValue:
                return new StringValue("None");
            case BooleanValue boolean:
                return new StringValue(boolean.Value ? "True" : "False");
            case IntegerValue integer:
                return new StringValue(OfInteger(integer));
            case FloatValue number:
                return new StringValue(OfFloat(number.Number));
            case UndefinedValue:
                return StringValue.Empty;
            default:
                var builder = new TextBuilder(budget);
                AppendRepr(builder, value, budget);
                return builder.ToValue();
        }
    }

    public static StringValue Repr(Value value, Budget budget)
    {
        var builder = new TextBuilder(budget);
        AppendRepr(builder, value, budget);
        return builder.ToValue();
    }

    public static void AppendRepr(TextBuilder builder, Value value, Budget budget)
    {
        budget.EnterData();
        budget.Charge();
        switch (value)
        {
            case StringValue text:
                AppendQuoted(builder, text);
                break;
            case ListValue list:
                AppendItems(builder, "[", list.Items, "]", budget);
                break;
            case TupleValue tuple:
                AppendItems(builder, "(", tuple.Items, tuple.Items.Length == 1 ? ",)" : ")", budget);
                break;
            case DictionaryValue dictionary:
                AppendDictionary(builder, dictionary, budget);
                break;
            case DictionaryView view:
                builder.Append(view.TypeName + "(");
                AppendItems(builder, "[", [.. view.Iterate(budget)], "])", budget);
                break;
            case NamespaceValue space:
                builder.Append("<Namespace ");
                AppendDictionary(builder, space.Attributes, budget);
                builder.Append(">");
                break;
            default:
                builder.Append(Describe(value));
                break;
        }

        budget.LeaveData();
    }

    /// <summary>repr() of what holds no other values; for messages too.</summary>
    public static string Describe(Value value) => value switch
    {
        NoneValue => "None",
        BooleanValue boolean => boolean.Value ? "True" : "False",
        IntegerValue integer => OfInteger(integer),
        FloatValue number => OfFloat(number.Number),
        StringValue text => Quote(text.Text),
        UndefinedValue => "Undefined",
        RangeValue { Step: 1 } range => $"range({range.Start}, {range.Stop})",
        RangeValue range => $"range({range.Start}, {range.Stop}, {range.Step})",
        LoopValue loop => $"<LoopContext {loop.Index0 + 1}/{loop.Length}>",
        MacroValue { Name: null } => "<Macro anonymous>",
        MacroValue macro => $"<Macro {Quote(macro.Name)}>",
        FunctionValue function => $"<built-in function {function.Name}>",
        _ => $"<{value.TypeName} object>",
    };

    public static string Quote(string text)
    {
        var quoted = new StringBuilder();
        char quote = QuoteFor(text);
        quoted.Append(quote);
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            quoted.Append(Escape(text, i, units, quote) ?? text.Substring(i, units));
            i += units;
        }

        return quoted.Append(quote).ToString();
    }

    public static string OfInteger(IntegerValue integer) =>
        integer.Big?.ToString(CultureInfo.InvariantCulture) ?? integer.Small.ToString(CultureInfo.InvariantCulture);

    /// <summary>Python's float repr: the shortest digits, an exponent from 1e16 up and below 1e-4.</summary>
    public static string OfFloat(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0.0" : "0.0";
        (string digits, int exponent) = ShortestDigits(Math.Abs(number));
        string sign = number < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            string power = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{power}";
        }

        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + digits;
        if (digits.Length <= exponent + 1)
            return sign + digits + new string('0', exponent + 1 - digits.Length) + ".0";
        return sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>Significant digits d1d2… and the exponent of d1 in d1.d2…×10^exponent.</summary>
    private static (string Digits, int Exponent) ShortestDigits(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = 0;
        int mark = text.IndexOf('E');
        if (mark >= 0)
        {
            exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..mark];
        }

        int point = text.IndexOf('.');
        int whole = point < 0 ? text.Length : point;
        string digits = text.Replace(".", "", StringComparison.Ordinal);
        int zeros = 0;
        while (zeros < digits.Length - 1 && digits[zeros] == '0')
            zeros++;
        exponent += whole - 1 - zeros;
        digits = digits[zeros..].TrimEnd('0');
        return (digits.Length == 0 ? "0" : digits, exponent);
    }

    private static void AppendItems(
        TextBuilder builder, string open, IReadOnlyList<Value> items, string close, Budget budget)
    {
        builder.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                builder.Append(", ");
            AppendRepr(builder, items[i], budget);
        }

        builder.Append(close);
    }

    private static void AppendDictionary(TextBuilder builder, DictionaryValue dictionary, Budget budget)
    {
        builder.Append("{");
        bool first = true;
        foreach ((Value key, Value item) in dictionary.Entries)
        {
            if (!first)
                builder.Append(", ");
            first = false;
            AppendRepr(builder, key, budget);
            builder.Append(": ");
            AppendRepr(builder, item, budget);
        }

        builder.Append("}");
    }

    private static void AppendQuoted(TextBuilder builder, StringValue value)
    {
        string text = value.Text;
        char quote = QuoteFor(text);
        if (value.IsMarkup)
            builder.Append("Markup(");
        builder.Append(quote);
        int copied = 0;
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            string? escaped = Escape(text, i, units, quote);
            if (escaped is not null)
            {
                builder.Append(value, copied, i);
                int origin = Marks.FirstOrigin(Marks.Slice(value.Marks, i, i + units));
                builder.Append(escaped, origin);
                copied = i + units;
            }

            i += units;
        }

        builder.Append(value, copied, text.Length);
        builder.Append(quote);
        if (value.IsMarkup)
            builder.Append(")");
    }

    private static char QuoteFor(string text) => text.Contains('\'') && !text.Contains('"') ? '"' : '\'';

    private static string? Escape(string text, int at, int units, char quote)
    {
        char first = text[at];
        if (units == 1 && first is >= ' ' and < '\x7f')
            return first == quote || first == '\\' ? "\\" + first : null;
        switch (first)
        {
            case '\n':
                return "\\n";
            case '\r':
                return "\\r";
            case '\t':
                return "\\t";
        }

        int codePoint = units == 2 ? char.ConvertToUtf32(first, text[at + 1]) : first;
        if (IsPrintable(text, at))
            return null;
        string digits = codePoint.ToString("x8", CultureInfo.InvariantCulture);
        return codePoint < 0x100 ? "\\x" + digits[6..] : codePoint < 0x10000 ? "\\u" + digits[4..] : "\\U" + digits;
    }

    private static bool IsPrintable(string text, int at) => CharUnicodeInfo.GetUnicodeCategory(text, at) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
