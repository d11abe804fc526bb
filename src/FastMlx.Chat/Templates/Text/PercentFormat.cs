using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Python's `format % values`.</summary>
internal static class PercentFormat
{
    public static StringValue Apply(StringValue format, Value values, Budget budget)
    {
        var source = new Source(values);
        var builder = new TextBuilder(budget);
        string text = format.Text;
        int copied = 0;
        int at;
        while ((at = text.IndexOf('%', copied)) >= 0)
        {
            builder.Append(format, copied, at);
            at++;
            copied = Convert(format, at, source, builder, budget);
        }

        builder.Append(format, copied, text.Length);
        source.RequireAllUsed();
        return builder.ToValue(format.IsMarkup);
    }

    private static int Convert(StringValue format, int at, Source source, TextBuilder builder, Budget budget)
    {
        string text = format.Text;
        var spec = new FormatSpec { Fill = ' ', Align = '>' };
        Value? keyed = null;
        if (at < text.Length && text[at] == '(')
        {
            int depth = 1;
            int start = ++at;
            while (at < text.Length && (depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0) > 0)
                at++;
            if (at >= text.Length)
                throw TemplateException.Value("incomplete format key");
            keyed = source.ByKey(text[start..at++]);
        }

        for (; at < text.Length && "-+ 0#".Contains(text[at]); at++)
            spec = spec.WithFlag(text[at]);
        (spec.Width, at) = ReadCount(text, at, source, 0);
        if (spec.Width < 0)
            spec = spec.WithFlag('-') with { Width = -spec.Width };
        if (at < text.Length && text[at] == '.')
            (spec.Precision, at) = ReadCount(text, at + 1, source, 0);
        while (at < text.Length && "hlL".Contains(text[at]))
            at++;
        if (at >= text.Length)
            throw TemplateException.Value("incomplete format");
        char type = text[at++];
        if (type == '%')
        {
            builder.Append('%');
            return at;
        }

        Value value = keyed ?? source.Next();
        Write(builder, format, type, spec, value, budget);
        return at;
    }

    private static void Write(
        TextBuilder builder, StringValue format, char type, FormatSpec spec, Value value, Budget budget)
    {
        switch (type)
        {
            case 's':
                StringValue shown = Markup.Accept(format, PythonText.Of(value, budget), budget);
                spec.WriteText(builder, shown, budget);
                return;
            case 'r' or 'a':
                spec.WriteText(builder, PythonText.Repr(value, budget), budget);
                return;
            case 'c':
                StringValue letter = value is StringValue { Length: 1 } one ? one
                    : value is IntegerValue { Big: null, Small: >= 0 and < 0x110000 } code
                        ? new StringValue(char.ConvertFromUtf32((int)code.Small))
                        : throw TemplateException.Type("%c requires int or char");
                spec.WriteText(builder, letter, budget);
                return;
        }

        if (value is UndefinedValue || !Numbers.TryGet(value, out Number number))
        {
            string kind = type is 'x' or 'X' or 'o' ? "an integer" : "a real number";
            throw TemplateException.Type($"%{type} format: {kind} is required, not {value.TypeName}");
        }

        switch (type)
        {
            case 'd' or 'i' or 'u':
                spec.WriteInteger(
                    builder, number.IsFloat ? (BigInteger)Math.Truncate(Finite(number.Float)) : number.Integer, 'd');
                return;
            case 'x' or 'X' or 'o':
                if (number.IsFloat)
                    throw TemplateException.Type($"%{type} format: an integer is required, not float");
                spec.WriteInteger(builder, number.Integer, type);
                return;
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                spec.WriteFloat(builder, number.AsDouble, type);
                return;
            default:
                throw TemplateException.Value($"unsupported format character '{type}'");
        }
    }

    private static double Finite(double number) => double.IsFinite(number)
        ? number
        : throw TemplateException.Value("cannot convert float infinity or NaN to integer");

    private static (int Count, int At) ReadCount(string text, int at, Source source, int otherwise)
    {
        if (at < text.Length && text[at] == '*')
        {
            long count = Numbers.RequireIndex(source.Next(), "* wants int;");
            return ((int)Math.Clamp(count, -int.MaxValue, int.MaxValue), at + 1);
        }

        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (at == start)
            return (otherwise, at);
        return at - start > 9
            ? throw TemplateException.Value("width too big")
            : (int.Parse(text.AsSpan(start, at - start), System.Globalization.CultureInfo.InvariantCulture), at);
    }

    private sealed class Source(Value values)
    {
        private readonly Value[] _items = values is TupleValue tuple ? tuple.Items : [values];
        private int _next;
        private bool _keyed;

        public Value Next() => _next < _items.Length
            ? _items[_next++]
            : throw TemplateException.Type("not enough arguments for format string");

        public Value ByKey(string key)
        {
            _keyed = true;
            if (values is not DictionaryValue dictionary)
                throw TemplateException.Type("format requires a mapping");
            return dictionary.TryGet(key, out Value value)
                ? value
                : throw TemplateException.Value(PythonText.Quote(key));
        }

        public void RequireAllUsed()
        {
            bool mayBeUnused = _keyed || values is DictionaryValue or ListValue;
            if (_next < _items.Length && !mayBeUnused)
                throw TemplateException.Type("not all arguments converted during string formatting");
        }
    }
}
