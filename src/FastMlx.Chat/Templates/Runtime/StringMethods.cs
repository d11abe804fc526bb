namespace FastMlx.Chat.Templates;

/// <summary>Methods of str: finding them by name. What they do lies in <see cref="TextOperations"/>.</summary>
internal static class StringMethods
{
    private static readonly Signature Characters = new(0, "chars");
    private static readonly Signature Splitting = new(0, "sep", "maxsplit");
    private static readonly Signature Searching = new(1, "sub", "start", "end");
    private static readonly Signature Replacing = new(2, "old", "new", "count");
    private static readonly Signature Padding = new(1, "width", "fillchar");
    private static readonly Signature One = new(1, "value");
    private static readonly Signature KeepEnds = new(0, "keepends");
    private static readonly Signature Tabs = new(0, "tabsize");

    public static Value? Find(StringValue owner, string name) => name switch
    {
        "strip" => Method(name, Characters, (run, a) => Strip(owner, a[0], true, true)),
        "lstrip" => Method(name, Characters, (run, a) => Strip(owner, a[0], true, false)),
        "rstrip" => Method(name, Characters, (run, a) => Strip(owner, a[0], false, true)),
        "split" => Method(name, Splitting, (run, a) => Split(owner, a, run, fromRight: false)),
        "rsplit" => Method(name, Splitting, (run, a) => Split(owner, a, run, fromRight: true)),
        "splitlines" => Method(name, KeepEnds, (run, a) =>
            TextSplitting.Lines(owner, a[0]?.IsTrue(run.Budget) ?? false, run.Budget)),
        "partition" => Method(name, One, (_, a) => TextSplitting.Partition(owner, Text(a[0]), fromRight: false)),
        "rpartition" => Method(name, One, (_, a) => TextSplitting.Partition(owner, Text(a[0]), fromRight: true)),
        "startswith" => Method(name, Searching, (_, a) => TextSearch.Affix(owner, a, name, atStart: true)),
        "endswith" => Method(name, Searching, (_, a) => TextSearch.Affix(owner, a, name, atStart: false)),
        "find" => Method(name, Searching, (_, a) => TextSearch.Find(owner, a, last: false, required: false)),
        "rfind" => Method(name, Searching, (_, a) => TextSearch.Find(owner, a, last: true, required: false)),
        "index" => Method(name, Searching, (_, a) => TextSearch.Find(owner, a, last: false, required: true)),
        "rindex" => Method(name, Searching, (_, a) => TextSearch.Find(owner, a, last: true, required: true)),
        "count" => Method(name, Searching, (_, a) => TextSearch.Count(owner, a)),
        "replace" => Method(name, Replacing, (run, a) => TextOperations.Replace(
            owner, Markup.Accept(owner, Text(a[0]), run.Budget), Markup.Accept(owner, Text(a[1]), run.Budget),
            a[2] is null ? -1 : Numbers.RequireIndex(a[2], "count"), run.Budget)),
        "join" => Method(name, Signature.Iterable, (run, a) => TextOperations.Join(owner, a[0], run.Budget)),
        "format" => new FunctionValue(name, (run, a) => BraceFormat.Apply(run, owner, a)),
        "format_map" => Method(name, One, (run, a) => BraceFormat.ApplyMap(run, owner, a[0])),
        "removeprefix" => Method(name, One, (_, a) => owner.Text.StartsWith(Text(a[0]).Text, StringComparison.Ordinal)
            ? owner.Slice(Text(a[0]).Text.Length, owner.Text.Length)
            : owner),
        "removesuffix" => Method(name, One, (_, a) => Text(a[0]).Text.Length > 0
            && owner.Text.EndsWith(Text(a[0]).Text, StringComparison.Ordinal)
            ? owner.Slice(0, owner.Text.Length - Text(a[0]).Text.Length)
            : owner),
        "expandtabs" => Method(name, Tabs, (run, a) =>
            TextOperations.ExpandTabs(owner, a[0] is null ? 8 : Numbers.RequireIndex(a[0], "tabsize"), run.Budget)),
        "center" => Method(name, Padding, (run, a) => Pad(owner, a, run, before: true, after: true)),
        "ljust" => Method(name, Padding, (run, a) => Pad(owner, a, run, before: false, after: true)),
        "rjust" => Method(name, Padding, (run, a) => Pad(owner, a, run, before: true, after: false)),
        "zfill" => Method(name, One, (run, a) =>
            TextOperations.FillZeros(owner, Numbers.RequireIndex(a[0], "width"), run.Budget)),
        "encode" or "translate" or "maketrans" => new FunctionValue(name, (_, _) => throw new TemplateException(
            TemplateErrorKind.Unsupported, $"str.{name}() makes what a template cannot hold")),
        _ => FindPlain(owner, name),
    };

    private static FunctionValue? FindPlain(StringValue owner, string name)
    {
        Func<string, string>? map = name switch
        {
            "upper" => CaseMapping.ToUpper,
            "lower" => CaseMapping.ToLower,
            "casefold" => text => CaseMapping.ToLower(text).Replace("ß", "ss", StringComparison.Ordinal),
            "title" => CaseMapping.ToTitle,
            "capitalize" => CaseMapping.Capitalize,
            "swapcase" => CaseMapping.SwapCase,
            _ => null,
        };
        if (map is not null)
        {
            return Method(name, Signature.Nothing, (run, _) =>
            {
                run.Budget.ChargeText(owner.Text.Length, owner.Text.Length);
                return owner.WithText(map(owner.Text));
            });
        }

        Func<string, bool>? test = TextTests.Find(name);
        return test is null ? null : Method(name, Signature.Nothing, (_, _) => BooleanValue.Of(test(owner.Text)));
    }

    private static FunctionValue Method(string name, Signature signature, Func<Evaluation, Value[], Value> body) =>
        new(name, (run, arguments) => body(run, arguments.Bind(name, signature)));

    private static StringValue Text(Value value) => value switch
    {
        StringValue text => text,
        _ => throw TemplateException.Type($"must be str, not {value.TypeName}"),
    };

    private static StringValue Strip(StringValue owner, Value? characters, bool left, bool right)
    {
        if (characters is null or NoneValue)
            return TextOperations.Strip(owner, null, left, right);
        return characters is StringValue set
            ? TextOperations.Strip(owner, set.Text, left, right)
            : throw TemplateException.Type($"strip arg must be None or str, not {characters.TypeName}");
    }

    private static ListValue Split(StringValue owner, Value[] bound, Evaluation run, bool fromRight)
    {
        long most = bound[1] is null ? -1 : Numbers.RequireIndex(bound[1], "maxsplit");
        if (bound[0] is null or NoneValue)
            return TextSplitting.OnSpace(owner, most, fromRight, run.Budget);
        return TextSplitting.On(owner, Text(bound[0]).Text, most, fromRight, run.Budget);
    }

    private static StringValue Pad(StringValue owner, Value[] bound, Evaluation run, bool before, bool after)
    {
        StringValue fill = bound[1] is null ? new StringValue(" ") : Text(bound[1]);
        if (fill.Length != 1)
            throw TemplateException.Type("The fill character must be exactly one character long");
        return TextOperations.Pad(owner, Numbers.RequireIndex(bound[0], "width"), fill, before, after, run.Budget);
    }
}
