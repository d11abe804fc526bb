namespace FastMlx.Chat.Templates;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    private static readonly Signature Message = new(1, "message");
    private static readonly Signature Format = new(1, "format");
    private static readonly Signature Separator = new(0, "sep");

    private static readonly Dictionary<string, Value> Functions = new()
    {
        ["raise_exception"] = Function("raise_exception", Message, (run, a) =>
            throw new TemplateException(TemplateErrorKind.Raised, PythonText.Of(a[0], run.Budget).Text)),
        ["strftime_now"] = Function("strftime_now", Format, (run, a) => a[0] is StringValue format
            ? new StringValue(Clock.Format(run.Time.GetLocalNow(), format.Text))
            : throw TemplateException.Type($"strftime() argument 1 must be str, not {a[0].TypeName}")),
        ["range"] = new FunctionValue("range", MakeRange, "type"),
        ["dict"] = new FunctionValue("dict", (run, arguments) => MakeDictionary(run, arguments), "type"),
        ["namespace"] = new FunctionValue(
            "namespace", (run, arguments) => new NamespaceValue(MakeDictionary(run, arguments)), "type"),
        ["cycler"] = new FunctionValue("cycler", (_, arguments) => arguments.Positional.Length == 0
            ? throw TemplateException.Value("at least one item has to be provided")
            : new CyclerValue(arguments.Positional), "type"),
        ["joiner"] = new FunctionValue("joiner", (_, arguments) =>
            new JoinerValue(arguments.Bind("joiner", Separator)[0] ?? new StringValue(", ")), "type"),
        ["lipsum"] = new FunctionValue("lipsum", (_, _) =>
            throw new TemplateException(TemplateErrorKind.Unsupported, "lipsum() makes random text")),
    };

    public static Value? Find(string name) => Functions.GetValueOrDefault(name);

    private static FunctionValue Function(string name, Signature signature, Func<Evaluation, Value[], Value> body) =>
        new(name, (run, arguments) => body(run, arguments.Bind(name, signature)), "function");

    private static DictionaryValue MakeDictionary(Evaluation run, Arguments arguments)
    {
        var dictionary = new DictionaryValue();
        DictionaryMethods.Update(dictionary, arguments, run.Budget);
        return dictionary;
    }

    private static RangeValue MakeRange(Evaluation run, Arguments arguments)
    {
        Value[] given = arguments.Positional;
        if (given.Length is 0 or > 3 || arguments.Named.Count > 0)
            throw TemplateException.Type($"range expected 1 to 3 arguments, got {given.Length}");
        long first = Whole(given[0]);
        long start = given.Length > 1 ? first : 0;
        long stop = given.Length > 1 ? Whole(given[1]) : first;
        long step = given.Length > 2 ? Whole(given[2]) : 1;
        if (step == 0)
            throw TemplateException.Value("range() arg 3 must not be zero");
        var range = new RangeValue(start, stop, step);
        int most = run.Budget.Limits.RangeLength;
        if (range.Count > most || range.Count < 0)
        {
            throw TemplateException.Limit(
                $"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({most}).");
        }

        return range;
    }

    /// <summary>Bounded, so that the arithmetic of ranges cannot overflow.</summary>
    private static long Whole(Value value)
    {
        if (value is not (IntegerValue or BooleanValue or UndefinedValue))
            throw TemplateException.Type($"'{value.TypeName}' object cannot be interpreted as an integer");
        return Math.Clamp(Numbers.RequireIndex(value, "range"), -(1L << 40), 1L << 40);
    }
}
