namespace FastMlx.Chat.Templates;

/// <summary>Reading a filter's arguments.</summary>
internal static class FilterArguments
{
    /// <summary>jinja2's soft_str(): a string stays itself (and markup), all else is printed.</summary>
    public static StringValue Text(Value value, Evaluation run) => PythonText.Of(value, run.Budget);

    /// <summary>A parameter that Python code uses as a string: anything else is a TypeError.</summary>
    public static StringValue StrictText(Value value) => value switch
    {
        StringValue text => text,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw TemplateException.Type($"expected str, got {value.TypeName}"),
    };

    public static bool Flag(Value? value, Evaluation run, bool otherwise = false) =>
        value?.IsTrue(run.Budget) ?? otherwise;

    public static long Count(Value? value, long otherwise) =>
        value is null ? otherwise : Numbers.RequireIndex(value, "arguments");

    /// <summary>make_attrgetter(): a dotted path; numbers in it are indexes.</summary>
    public static Func<Value, Value> Path(Evaluation run, Value? attribute, Value? otherwise = null, bool fold = false)
    {
        Value[] parts = Parts(attribute);
        return item =>
        {
            foreach (Value part in parts)
            {
                item = Members.Item(run, item, part);
                if (item is UndefinedValue && otherwise is not null and not NoneValue)
                    item = otherwise;
            }

            return fold ? Fold(item) : item;
        };
    }

    /// <summary>make_multi_attrgetter(): several paths with commas between, for sort.</summary>
    public static Func<Value, Value> Paths(Evaluation run, Value? attribute, bool fold)
    {
        string[] paths = attribute is StringValue text ? text.Text.Split(',') : [];
        Func<Value, Value>[] getters = paths.Length == 0
            ? [Path(run, attribute, fold: fold)]
            : [.. paths.Select(path => Path(run, new StringValue(path), fold: fold))];
        return item =>
        {
            var keys = new List<Value>(getters.Length);
            foreach (Func<Value, Value> getter in getters)
                keys.Add(getter(item));
            return new ListValue(keys);
        };
    }

    /// <summary>ignore_case(): strings are compared in lower case.</summary>
    public static Value Fold(Value value) =>
        value is StringValue text ? text.WithText(CaseMapping.ToLower(text.Text)) : value;

    private static Value[] Parts(Value? attribute)
    {
        switch (attribute)
        {
            case null or NoneValue:
                return [];
            case StringValue text:
                return [.. text.Text.Split('.').Select(Part)];
            default:
                return [attribute];
        }
    }

    private static Value Part(string part) =>
        part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit)
            ? IntegerValue.Of(long.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
            : new StringValue(part);
}
