using System.Buffers;
using System.Numerics;
using System.Text.Json;

namespace FastMlx.Chat.Templates;

/// <summary>Filters that convert and choose: default, int, float, round, tojson, attr.</summary>
internal static class ValueFilters
{
    private static readonly Signature Value = new(1, "value");
    private static readonly SearchValues<char> AttributeBreakers = SearchValues.Create(" \t\n\r\f\v/>=");

    public static readonly Filter[] All =
    [
        new("default", new Signature(1, "value", "default_value", "boolean"), (run, a) =>
            a[0] is UndefinedValue || (FilterArguments.Flag(a[2], run) && !a[0].IsTrue(run.Budget))
                ? a[1] ?? StringValue.Empty
                : a[0]),
        new("int", new Signature(1, "value", "default", "base"), ToInteger),
        new("float", new Signature(1, "value", "default"), ToFloat),
        new("abs", Value, (_, a) => Absolute(a[0])),
        new("round", new Signature(1, "value", "precision", "method"), Round),
        new("attr", new Signature(2, "obj", "name"), (run, a) =>
            Members.OwnAttribute(run, a[0], FilterArguments.StrictText(a[1]).Text)
            ?? (a[0] is UndefinedValue undefined ? throw undefined.Error() : UndefinedValue.OfMember(a[0], a[1]))),
        new("pprint", Value, (run, a) => PythonText.Repr(a[0], run.Budget)),
        new("filesizeformat", new Signature(1, "value", "binary"), (run, a) =>
            FileSize(a[0], FilterArguments.Flag(a[1], run))),
        new("xmlattr", new Signature(1, "d", "autospace"), XmlAttributes),
        new("tojson",
            new Signature(1, "x", "ensure_ascii", "indent", "separators", "sort_keys"), ToJson),
        new("from_json", Value, (run, a) => FromJson(a[0])),
    ];

    private static Value ToInteger(Evaluation run, Value[] a)
    {
        Value otherwise = a[1] ?? IntegerValue.Of(0);
        int radix = (int)Math.Clamp(FilterArguments.Count(a[2], 10), 0, 36);
        switch (a[0])
        {
            case UndefinedValue undefined:
                throw undefined.Error();
            case StringValue text:
                if (Numbers.TryParseInteger(text.Text, radix, out BigInteger whole))
                    return IntegerValue.Of(whole);
                return Numbers.TryParseFloat(text.Text, out double real) && double.IsFinite(real)
                    ? Numbers.ToInteger(real)
                    : otherwise;
            case FloatValue number:
                if (double.IsInfinity(number.Number))
                    throw TemplateException.Value("cannot convert float infinity to integer");
                return double.IsNaN(number.Number) ? otherwise : Numbers.ToInteger(number.Number);
            case IntegerValue or BooleanValue:
                return Arithmetic.Plus(a[0]);
            default:
                return otherwise;
        }
    }

    private static Value ToFloat(Evaluation run, Value[] a)
    {
        switch (a[0])
        {
            case UndefinedValue undefined:
                throw undefined.Error();
            case StringValue text when Numbers.TryParseFloat(text.Text, out double parsed):
                return new FloatValue(parsed);
            default:
                return Numbers.TryGet(a[0], out Number number)
                    ? new FloatValue(number.AsDouble)
                    : a[1] ?? new FloatValue(0);
        }
    }

    private static Value Absolute(Value value)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        if (!Numbers.TryGet(value, out Number number))
            throw TemplateException.Type($"bad operand type for abs(): '{value.TypeName}'");
        return number.IsFloat
            ? new FloatValue(Math.Abs(number.Float))
            : IntegerValue.Of(BigInteger.Abs(number.Integer));
    }

    private static Value Round(Evaluation run, Value[] a)
    {
        string method = a[2] is StringValue text ? text.Text : "common";
        if (method is not ("common" or "ceil" or "floor"))
            throw TemplateException.Value("method must be common, ceil or floor");
        if (a[0] is UndefinedValue undefined)
            throw undefined.Error();
        if (!Numbers.TryGet(a[0], out Number number))
            throw TemplateException.Type($"type {a[0].TypeName} doesn't define __round__ method");
        int precision = (int)Math.Clamp(FilterArguments.Count(a[1], 0), -308, 308);
        if (method == "common")
            return RoundHalfEven(number, precision);
        double scale = Math.Pow(10, precision);
        double scaled = number.AsDouble * scale;
        return new FloatValue((method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale);
    }

    private static Value RoundHalfEven(Number number, int precision)
    {
        if (number.IsFloat)
        {
            // decimal has 28 digits: the exact half of a double is decided there as Python's correctly rounded one.
            double real = number.Float;
            if (!double.IsFinite(real) || Math.Abs(real) >= 1e15 || precision > 15)
                return new FloatValue(real);
            if (precision < 0)
            {
                double scale = Math.Pow(10, -precision);
                return new FloatValue(Math.Round(real / scale, MidpointRounding.ToEven) * scale);
            }

            string text = real.ToString("F" + precision, System.Globalization.CultureInfo.InvariantCulture);
            return new FloatValue(precision == 0
                ? Math.Round(real, MidpointRounding.ToEven)
                : double.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
        }

        if (precision >= 0)
            return IntegerValue.Of(number.Integer);
        BigInteger unit = BigInteger.Pow(10, -precision);
        BigInteger rest = ((number.Integer % unit) + unit) % unit;
        BigInteger lower = number.Integer - rest;
        int half = (rest * 2).CompareTo(unit);
        bool up = half > 0 || (half == 0 && !(lower / unit).IsEven);
        return IntegerValue.Of(up ? lower + unit : lower);
    }

    private static StringValue FileSize(Value value, bool binary)
    {
        if (!Numbers.TryGet(value, out Number number))
        {
            number = value is StringValue text && Numbers.TryParseFloat(text.Text, out double parsed)
                ? new Number(true, parsed, default)
                : throw TemplateException.Value($"could not convert to float: {PythonText.Describe(value)}");
        }

        double size = number.AsDouble;
        double unit = binary ? 1024 : 1000;
        if (size == 1)
            return new StringValue("1 Byte");
        if (size < unit)
            return new StringValue($"{(long)size} Bytes");
        string[] prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
        int step = 0;
        double limit = unit * unit;
        while (step < prefixes.Length - 1 && size >= limit)
        {
            step++;
            limit *= unit;
        }

        string prefix = binary ? prefixes[step].ToUpperInvariant() + "i" : prefixes[step];
        return new StringValue(NumberFormat.Float(unit * size / limit, 'f', 1, false) + " " + prefix + "B");
    }

    private static StringValue XmlAttributes(Evaluation run, Value[] a)
    {
        if (a[0] is not DictionaryValue dictionary)
            throw TemplateException.Type($"'{a[0].TypeName}' object has no attribute 'items'");
        var builder = new TextBuilder(run.Budget);
        bool space = FilterArguments.Flag(a[1], run, true);
        foreach ((Value key, Value value) in dictionary.Entries)
        {
            if (value is NoneValue or UndefinedValue)
                continue;
            StringValue name = FilterArguments.StrictText(key);
            if (name.Text.AsSpan().IndexOfAny(AttributeBreakers) >= 0)
                throw TemplateException.Value($"Invalid character in attribute name: {PythonText.Quote(name.Text)}");
            if (space || builder.Length > 0)
                builder.Append(' ');
            builder.Append(Markup.Escape(name, run.Budget));
            builder.Append("=\"");
            builder.Append(Markup.Escape(PythonText.Of(value, run.Budget), run.Budget));
            builder.Append('"');
        }

        return builder.ToValue();
    }

    private static StringValue ToJson(Evaluation run, Value[] a)
    {
        string? indent = a[2] switch
        {
            null or NoneValue => null,
            StringValue text => text.Text,
            Value width => new string(' ', (int)Math.Clamp(Numbers.RequireIndex(width, "indent"), 0, 1024)),
        };
        string item = indent is null ? ", " : ",";
        string key = ": ";
        if (a[3] is not null and not NoneValue)
        {
            List<Value> separators = Iteration.ToList(a[3], run.Budget);
            if (separators.Count != 2)
                throw TemplateException.Value($"not enough values to unpack (expected 2, got {separators.Count})");
            item = FilterArguments.StrictText(separators[0]).Text;
            key = FilterArguments.StrictText(separators[1]).Text;
        }

        var builder = new TextBuilder(run.Budget);
        var json = new JsonText(builder, run.Budget)
        {
            EnsureAscii = FilterArguments.Flag(a[1], run),
            Indent = indent,
            SortKeys = FilterArguments.Flag(a[4], run),
            ItemSeparator = item,
            KeySeparator = key,
        };
        json.Append(a[0]);
        return builder.ToValue();
    }

    private static Value FromJson(Value value)
    {
        if (value is not StringValue text)
            throw TemplateException.Type($"the JSON object must be str, bytes or bytearray, not {value.TypeName}");
        try
        {
            return JsonValues.Read(text.Text, Marks.FirstOrigin(text.Marks));
        }
        catch (JsonException e)
        {
            throw TemplateException.Value("from_json: " + e.Message);
        }
    }
}
