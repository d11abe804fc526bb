namespace FastMlx.Chat.Templates;

/// <summary>map, select, reject and their …attr forms: lazy, as Python's generators are.</summary>
internal static class SelectionFilters
{
    public static readonly Filter[] All =
    [
        new("map", (run, arguments) => new IteratorValue(Map(run, arguments))),
        new("select", (run, a) => new IteratorValue(Select(run, a, byAttribute: false, keep: true))),
        new("reject", (run, a) => new IteratorValue(Select(run, a, byAttribute: false, keep: false))),
        new("selectattr", (run, a) => new IteratorValue(Select(run, a, byAttribute: true, keep: true))),
        new("rejectattr", (run, a) => new IteratorValue(Select(run, a, byAttribute: true, keep: false))),
    ];

    private static IEnumerable<Value> Map(Evaluation run, Arguments arguments)
    {
        Value source = arguments.Positional[0];
        if (!source.IsTrue(run.Budget))
            yield break;
        Func<Value, Value> map = Mapping(run, arguments);
        foreach (Value item in Iteration.Of(source, run.Budget))
            yield return map(item);
    }

    private static Func<Value, Value> Mapping(Evaluation run, Arguments arguments)
    {
        Value[] rest = arguments.Positional[1..];
        Value? attribute = null;
        Value? otherwise = null;
        foreach ((string name, Value value) in arguments.Named)
        {
            if (name == "attribute")
                attribute = value;
            else if (name == "default")
                otherwise = value;
            else if (rest.Length == 0)
                throw TemplateException.Value($"Unexpected keyword argument '{name}'");
        }

        if (rest.Length == 0 && attribute is not null)
            return FilterArguments.Path(run, attribute, otherwise);
        if (rest.Length == 0)
            throw TemplateException.Value("map requires a filter argument");
        string filterName = FilterArguments.StrictText(rest[0]).Text;
        Filter filter = Filters.Find(filterName, run.Dialect)
            ?? throw new TemplateException(TemplateErrorKind.Undefined, $"No filter named '{filterName}'.");
        var passed = new Arguments(rest[1..], [.. arguments.Named]);
        return item => filter.Body(run, passed.Prepend(item));
    }

    private static IEnumerable<Value> Select(Evaluation run, Arguments arguments, bool byAttribute, bool keep)
    {
        Value source = arguments.Positional[0];
        if (!source.IsTrue(run.Budget))
            yield break;
        Func<Value, bool> test = Test(run, arguments, byAttribute);
        foreach (Value item in Iteration.Of(source, run.Budget))
        {
            if (test(item) == keep)
                yield return item;
        }
    }

    private static Func<Value, bool> Test(Evaluation run, Arguments arguments, bool byAttribute)
    {
        Value[] rest = arguments.Positional[1..];
        Func<Value, Value> path = item => item;
        if (byAttribute)
        {
            if (rest.Length == 0)
                throw TemplateException.Value("Missing parameter for attribute name");
            path = FilterArguments.Path(run, rest[0]);
            rest = rest[1..];
        }

        if (rest.Length == 0)
            return item => path(item).IsTrue(run.Budget);
        string name = FilterArguments.StrictText(rest[0]).Text;
        Filter test = Tests.Find(name)
            ?? throw new TemplateException(TemplateErrorKind.Undefined, $"No test named '{name}'.");
        var passed = new Arguments(rest[1..], [.. arguments.Named]);
        return item => test.Body(run, passed.Prepend(path(item))).IsTrue(run.Budget);
    }
}
