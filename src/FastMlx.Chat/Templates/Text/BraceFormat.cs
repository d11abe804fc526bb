using System.Globalization;

namespace FastMlx.Chat.Templates;

/// <summary>str.format() with jinja2's sandboxed attribute access.</summary>
internal static class BraceFormat
{
    private const int MaxDepth = 2;

    public static StringValue Apply(Evaluation run, StringValue format, Arguments arguments)
    {
        int automatic = 0;
        return Expand(run, format, arguments, ref automatic, MaxDepth);
    }

    public static StringValue ApplyMap(Evaluation run, StringValue format, Value map)
    {
        if (map is not DictionaryValue dictionary)
            throw TemplateException.Type("format_map() argument must be a mapping");
        var named = new List<KeyValuePair<string, Value>>();
        foreach ((Value key, Value value) in dictionary.Entries)
        {
            if (key is StringValue name)
                named.Add(new(name.Text, value));
        }

        return Apply(run, format, new Arguments([], named));
    }

    private static StringValue Expand(
        Evaluation run, StringValue format, Arguments arguments, ref int automatic, int depth)
    {
        if (depth < 0)
            throw TemplateException.Value("Max string recursion exceeded");
        var builder = new TextBuilder(run.Budget);
        string text = format.Text;
        for (int at = 0; at < text.Length;)
        {
            int brace = text.AsSpan(at).IndexOfAny('{', '}');
            int literalEnd = brace < 0 ? text.Length : at + brace;
            builder.Append(format, at, literalEnd);
            if (brace < 0)
                break;
            at = literalEnd;
            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                builder.Append(format, at, at + 1);
                at += 2;
                continue;
            }

            if (text[at] == '}')
                throw TemplateException.Value("Single '}' encountered in format string");
            int end = FieldEnd(text, at + 1);
            Field(run, format, at + 1, end, arguments, builder, ref automatic, depth);
            at = end + 1;
        }

        return builder.ToValue(format.IsMarkup);
    }

    private static int FieldEnd(string text, int at)
    {
        int depth = 1;
        bool inBrackets = false;
        for (; at < text.Length; at++)
        {
            char character = text[at];
            if (inBrackets)
                inBrackets = character != ']';
            else if (character == '[')
                inBrackets = true;
            else if (character == '{')
                depth++;
            else if (character == '}' && --depth == 0)
                return at;
        }

        throw TemplateException.Value("expected '}' before end of string");
    }

    private static void Field(
        Evaluation run, StringValue format, int start, int end, Arguments arguments, TextBuilder builder,
        ref int automatic, int depth)
    {
        string text = format.Text;
        int nameEnd = start;
        bool inBrackets = false;
        while (nameEnd < end && (inBrackets || text[nameEnd] is not ('!' or ':')))
        {
            inBrackets = text[nameEnd] == '[' || (inBrackets && text[nameEnd] != ']');
            nameEnd++;
        }

        Value value = Lookup(run, text[start..nameEnd], arguments, ref automatic);
        int at = nameEnd;
        if (at < end && text[at] == '!')
        {
            if (at + 1 >= end || (at + 2 < end && text[at + 2] != ':'))
                throw TemplateException.Value("expected ':' after conversion specifier");
            value = text[at + 1] switch
            {
                's' => PythonText.Of(value, run.Budget),
                'r' or 'a' => PythonText.Repr(value, run.Budget),
                _ => throw TemplateException.Value($"Unknown conversion specifier '{text[at + 1]}'"),
            };
            at += 2;
        }

        string spec = "";
        if (at < end)
            spec = Expand(run, format.Slice(at + 1, end), arguments, ref automatic, depth - 1).Text;
        WriteValue(run, builder, format, value, spec);
    }

    private static void WriteValue(Evaluation run, TextBuilder builder, StringValue format, Value value, string spec)
    {
        if (spec.Length == 0)
        {
            builder.Append(Markup.Accept(format, PythonText.Of(value, run.Budget), run.Budget));
            return;
        }

        FormatSpec parsed = FormatSpec.Parse(spec);
        bool isText = value is StringValue || (value is BooleanValue && parsed.Type == 's');
        if (isText)
        {
            if (parsed.Type is not ('\0' or 's'))
                throw TemplateException.Value($"Unknown format code '{parsed.Type}' for object of type 'str'");
            if (parsed.Align == '=')
                parsed = parsed.FillText == "0" ? parsed with { Align = '<' } : throw TemplateException.Value(
                    "'=' alignment not allowed in string format specifier");
            parsed.WriteText(builder, PythonText.Of(value, run.Budget), run.Budget);
        }
        else if (Numbers.TryGet(value, out Number number))
        {
            WriteNumber(builder, parsed, number, value);
        }
        else
        {
            throw TemplateException.Type($"unsupported format string passed to {value.TypeName}.__format__");
        }
    }

    private static void WriteNumber(TextBuilder builder, FormatSpec spec, Number number, Value value)
    {
        if (spec.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%')
        {
            spec.WriteFloat(builder, number.AsDouble, spec.Type);
        }
        else if (!number.IsFloat && spec.Type is '\0' or 'd' or 'n' or 'x' or 'X' or 'o' or 'b')
        {
            if (number.IsFloat)
                throw TemplateException.Value($"Unknown format code '{spec.Type}' for object of type 'float'");
            if (spec.Precision >= 0)
                throw TemplateException.Value("Precision not allowed in integer format specifier");
            spec.WriteInteger(builder, number.Integer, spec.Type);
        }
        else if (number.IsFloat && spec.Type == '\0')
        {
            double magnitude = Math.Abs(number.Float);
            string digits = spec.Precision < 0
                ? PythonText.OfFloat(magnitude)
                : NumberFormat.GeneralWithPoint(magnitude, spec.Precision);
            if (spec.Grouping != 0)
                digits = NumberFormat.Group(digits, spec.Grouping, 3);
            spec.WriteNumber(builder, double.IsNegative(number.Float), "", digits);
        }
        else
        {
            throw TemplateException.Value(
                $"Unknown format code '{spec.Type}' for object of type '{value.TypeName}'");
        }
    }

    private static Value Lookup(Evaluation run, string path, Arguments arguments, ref int automatic)
    {
        int firstEnd = path.AsSpan().IndexOfAny('.', '[');
        string first = firstEnd < 0 ? path : path[..firstEnd];
        Value value = First(first, arguments, ref automatic);
        for (int at = firstEnd < 0 ? path.Length : firstEnd; at < path.Length;)
        {
            if (path[at] == '.')
            {
                int end = path.AsSpan(at + 1).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : at + 1 + end;
                value = Members.Attribute(run, value, path[(at + 1)..end]);
                at = end;
            }
            else
            {
                int end = path.IndexOf(']', at);
                if (path[at] != '[' || end < 0)
                    throw TemplateException.Value("Missing ']' in format string");
                string key = path[(at + 1)..end];
                value = Members.Item(run, value, IsNumber(key)
                    ? IntegerValue.Of(long.Parse(key, CultureInfo.InvariantCulture))
                    : new StringValue(key));
                at = end + 1;
            }
        }

        return value;
    }

    private static Value First(string name, Arguments arguments, ref int automatic)
    {
        if (name.Length == 0 || IsNumber(name))
        {
            if (name.Length == 0 && automatic < 0)
            {
                throw TemplateException.Value(
                    "cannot switch from manual field specification to automatic field numbering");
            }

            if (name.Length > 0 && automatic > 0)
            {
                throw TemplateException.Value(
                    "cannot switch from automatic field numbering to manual field specification");
            }

            long index = name.Length == 0 ? automatic++ : long.Parse(name, CultureInfo.InvariantCulture);
            if (name.Length > 0)
                automatic = -1;
            return index < arguments.Positional.Length
                ? arguments.Positional[index]
                : throw TemplateException.Value(
                    $"Replacement index {index} out of range for positional args tuple");
        }

        foreach ((string key, Value value) in arguments.Named)
        {
            if (key == name)
                return value;
        }

        throw TemplateException.Value(PythonText.Quote(name));
    }

    private static bool IsNumber(string text) =>
        text.Length is > 0 and < 10 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
}
