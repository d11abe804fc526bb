using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Filters that make strings of strings.</summary>
internal static class TextFilters
{
    private static readonly Signature Value = new(1, "s");

    public static readonly Filter[] All =
    [
        new("upper", Value, (run, a) => Map(run, a[0], CaseMapping.ToUpper)),
        new("lower", Value, (run, a) => Map(run, a[0], CaseMapping.ToLower)),
        new("capitalize", Value, (run, a) => Map(run, a[0], CaseMapping.Capitalize)),
        new("title", Value, (run, a) => Map(run, a[0], Title)),
        new("string", Value, (run, a) => FilterArguments.Text(a[0], run)),
        new("safe", Value, (run, a) => FilterArguments.Text(a[0], run).AsMarkup()),
        new("escape", Value, (run, a) => Markup.Escape(FilterArguments.Text(a[0], run), run.Budget)),
        new("forceescape", Value, (run, a) =>
            Markup.Escape(FilterArguments.Text(a[0], run).AsPlain(), run.Budget)),
        new("trim", new Signature(1, "value", "chars"), (run, a) => TextOperations.Strip(
            FilterArguments.Text(a[0], run), a[1] is null or NoneValue ? null : FilterArguments.StrictText(a[1]).Text,
            left: true, right: true)),
        new("replace", new Signature(3, "s", "old", "new", "count"), Replace),
        new("center", new Signature(1, "value", "width"), (run, a) => TextOperations.Pad(
            FilterArguments.Text(a[0], run), FilterArguments.Count(a[1], 80), new StringValue(" "), true, true,
            run.Budget)),
        new("indent", new Signature(1, "s", "width", "first", "blank"), Indent),
        new("truncate", new Signature(1, "s", "length", "killwords", "end", "leeway"), Truncate),
        new("wordcount", Value, (run, a) => IntegerValue.Of(CountWords(FilterArguments.Text(a[0], run).Text))),
        new("wordwrap",
            new Signature(1, "s", "width", "break_long_words", "wrapstring", "break_on_hyphens"), WordWrap.Apply),
        new("striptags", Value, (run, a) => StripTags(FilterArguments.Text(a[0], run))),
        new("urlencode", Value, (run, a) => UrlEncode(run, a[0])),
        new("format", (run, arguments) => Format(run, arguments)),
    ];

    private static StringValue Map(Evaluation run, Value value, Func<string, string> map)
    {
        StringValue text = FilterArguments.Text(value, run);
        run.Budget.ChargeText(text.Text.Length, text.Text.Length);
        return text.WithText(map(text.Text));
    }

    /// <summary>Not str.title(): only hyphens, brackets and white space begin a word.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool atStart = true;
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            string letter = text.Substring(i, units);
            bool separates = "-({[<".Contains(text[i]) || PythonCharacters.IsSpace(text[i]);
            result.Append(atStart ? CaseMapping.ToUpper(letter) : CaseMapping.ToLower(letter));
            atStart = separates;
            i += units;
        }

        return result.ToString();
    }

    private static StringValue Replace(Evaluation run, Value[] a)
    {
        long most = a[3] is null or NoneValue ? -1 : Numbers.RequireIndex(a[3], "count");
        return TextOperations.Replace(
            FilterArguments.Text(a[0], run).AsPlain(), FilterArguments.Text(a[1], run).AsPlain(),
            FilterArguments.Text(a[2], run).AsPlain(), most, run.Budget);
    }

    private static StringValue Indent(Evaluation run, Value[] a)
    {
        Value source = a[0] is UndefinedValue undefined ? throw undefined.Error() : a[0];
        if (source is not StringValue text)
            throw TemplateException.Type($"unsupported operand type(s) for +=: '{source.TypeName}' and 'str'");
        StringValue indent = a[1] is StringValue given
            ? given
            : (StringValue)Arithmetic.Repeat(new StringValue(" "), FilterArguments.Count(a[1], 4), run.Budget);
        indent = Markup.Accept(text, indent, run.Budget);
        var newline = new StringValue("\n", null, text.IsMarkup);
        bool blank = FilterArguments.Flag(a[3], run);
        ListValue lines = TextSplitting.Lines(Markup.Concat(text, newline, run.Budget), false, run.Budget);
        var builder = new TextBuilder(run.Budget);
        if (FilterArguments.Flag(a[2], run))
            builder.Append(indent);
        for (int i = 0; i < lines.Items.Count; i++)
        {
            var line = (StringValue)lines.Items[i];
            if (i > 0)
                builder.Append('\n');
            if (i > 0 && (blank || line.Text.Length > 0))
                builder.Append(indent);
            builder.Append(line);
        }

        return builder.ToValue(text.IsMarkup);
    }

    private static Value Truncate(Evaluation run, Value[] a)
    {
        long length = FilterArguments.Count(a[1], 255);
        StringValue end = a[3] is null ? new StringValue("...") : FilterArguments.StrictText(a[3]);
        long leeway = a[4] is null or NoneValue ? 5 : Numbers.RequireIndex(a[4], "leeway");
        if (length < end.Length)
            throw TemplateException.Value($"expected length >= {end.Length}, got {length}");
        if (leeway < 0)
            throw TemplateException.Value($"expected leeway >= 0, got {leeway}");
        if (Iteration.LengthOf(a[0]) <= length + leeway)
            return a[0];
        StringValue text = FilterArguments.StrictText(a[0]);
        StringValue kept = text.Slice(0, text.OffsetOf((int)(length - end.Length)));
        if (!FilterArguments.Flag(a[2], run))
        {
            int space = kept.Text.LastIndexOf(' ');
            if (space >= 0)
                kept = kept.Slice(0, space);
        }

        return Markup.Concat(kept, end, run.Budget);
    }

    private static int CountWords(string text)
    {
        int words = 0;
        bool inWord = false;
        for (int i = 0; i < text.Length; i += StringValue.UnitsAt(text, i))
        {
            bool word = PythonCharacters.IsWord(text, i);
            if (word && !inWord)
                words++;
            inWord = word;
        }

        return words;
    }

    private static StringValue StripTags(StringValue text)
    {
        var result = new StringBuilder();
        string rest = text.Text;
        for (int comment; (comment = rest.IndexOf("<!--", StringComparison.Ordinal)) >= 0;)
        {
            int end = rest.IndexOf("-->", comment, StringComparison.Ordinal);
            if (end < 0)
                break;
            rest = rest[..comment] + rest[(end + 3)..];
        }

        for (int tag; (tag = rest.IndexOf('<')) >= 0;)
        {
            int end = rest.IndexOf('>', tag);
            if (end < 0)
                break;
            result.Append(rest, 0, tag);
            rest = rest[(end + 1)..];
        }

        string[] words = result.Append(rest).ToString()
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string joined = string.Join(' ', words).Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal).Replace("&#34;", "\"", StringComparison.Ordinal)
            .Replace("&#39;", "'", StringComparison.Ordinal).Replace("&quot;", "\"", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal);
        return text.AsPlain().WithText(joined);
    }

    private static StringValue UrlEncode(Evaluation run, Value value)
    {
        if (value is StringValue || value.Iterate(run.Budget) is null)
        {
            StringValue text = FilterArguments.Text(value, run);
            return text.WithText(Quote(text.Text, "/"));
        }

        Value pairs = value is DictionaryValue dictionary
            ? new DictionaryView(dictionary, DictionaryViewKind.Items)
            : value;
        var query = new StringBuilder();
        foreach (Value pair in Iteration.Of(pairs, run.Budget))
        {
            List<Value> items = Iteration.ToList(pair, run.Budget);
            if (items.Count != 2)
                throw TemplateException.Value("not enough values to unpack (expected 2)");
            query.Append(query.Length > 0 ? "&" : "");
            query.Append(Quote(FilterArguments.Text(items[0], run).Text, "").Replace("%20", "+")).Append('=');
            query.Append(Quote(FilterArguments.Text(items[1], run).Text, "").Replace("%20", "+"));
        }

        return new StringValue(query.ToString());
    }

    private static string Quote(string text, string safe)
    {
        var quoted = new StringBuilder();
        foreach (byte unit in Encoding.UTF8.GetBytes(text))
        {
            char character = (char)unit;
            if (char.IsAsciiLetterOrDigit(character) || "_.-~".Contains(character) || safe.Contains(character))
                quoted.Append(character);
            else
                quoted.Append('%').Append(unit.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return quoted.ToString();
    }

    private static StringValue Format(Evaluation run, Arguments arguments)
    {
        if (arguments.Positional.Length > 1 && arguments.Named.Count > 0)
            throw TemplateException.Value("can't handle positional and keyword arguments at the same time");
        StringValue format = FilterArguments.Text(arguments.Positional[0], run);
        Value values = new TupleValue(arguments.Positional[1..]);
        if (arguments.Named.Count > 0)
        {
            var named = new DictionaryValue();
            foreach ((string name, Value value) in arguments.Named)
                named.Set(name, value);
            values = named;
        }

        return PercentFormat.Apply(format, values, run.Budget);
    }
}
