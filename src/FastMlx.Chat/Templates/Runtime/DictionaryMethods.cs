namespace FastMlx.Chat.Templates;

/// <summary>Methods of dict.</summary>
internal static class DictionaryMethods
{
    private static readonly Signature KeyAndDefault = new(1, "key", "default");

    public static Value? Find(DictionaryValue owner, string name) => name switch
    {
        "get" => Method(name, KeyAndDefault, (run, a) =>
            owner.TryGet(a[0], out Value value) ? value : a[1] ?? NoneValue.Instance),
        "items" => View(owner, name, DictionaryViewKind.Items),
        "keys" => View(owner, name, DictionaryViewKind.Keys),
        "values" => View(owner, name, DictionaryViewKind.Values),
        "copy" => Method(name, Signature.Nothing, (run, _) =>
        {
            run.Budget.Charge(owner.Length);
            return owner.Copy();
        }),
        "pop" => Method(name, KeyAndDefault, (run, a) => owner.Remove(a[0], out Value value)
            ? value
            : a[1] ?? throw TemplateException.Value(PythonText.Describe(a[0]))),
        "setdefault" => Method(name, KeyAndDefault, (run, a) => SetDefault(owner, a[0], a[1])),
        "clear" => Method(name, Signature.Nothing, (_, _) =>
        {
            owner.Clear();
            return NoneValue.Instance;
        }),
        "popitem" => Method(name, Signature.Nothing, (_, _) => PopItem(owner)),
        "update" => new FunctionValue(name, (run, arguments) =>
        {
            Update(owner, arguments, run.Budget);
            return NoneValue.Instance;
        }),
        _ => null,
    };

    /// <summary>What dict(…), namespace(…) and dict.update(…) do with their arguments.</summary>
    public static void Update(DictionaryValue target, Arguments arguments, Budget budget)
    {
        if (arguments.Positional.Length > 1)
        {
            throw TemplateException.Type(
                $"dict expected at most 1 argument, got {arguments.Positional.Length}");
        }

        foreach (Value source in arguments.Positional)
            AddAll(target, source, budget);
        foreach ((string name, Value value) in arguments.Named)
            target.Set(name, value);
        budget.Charge(arguments.Named.Count);
    }

    private static void AddAll(DictionaryValue target, Value source, Budget budget)
    {
        if (source is DictionaryValue dictionary)
        {
            budget.Charge(dictionary.Length);
            foreach ((Value key, Value value) in dictionary.Entries.ToArray())
                target.Set(key, value);
            return;
        }

        IEnumerable<Value> pairs = source.Iterate(budget)
            ?? throw TemplateException.Type($"'{source.TypeName}' object is not iterable");
        foreach (Value pair in pairs)
        {
            Value[] items = [.. Iteration.Of(pair, budget)];
            if (items.Length != 2)
            {
                throw TemplateException.Value(
                    $"dictionary update sequence element has length {items.Length}; 2 is required");
            }

            target.Set(items[0], items[1]);
        }
    }

    private static FunctionValue View(DictionaryValue owner, string name, DictionaryViewKind kind) =>
        Method(name, Signature.Nothing, (_, _) => new DictionaryView(owner, kind));

    private static FunctionValue Method(string name, Signature signature, Func<Evaluation, Value[], Value> body) =>
        new(name, (run, arguments) => body(run, arguments.Bind(name, signature)));

    private static Value SetDefault(DictionaryValue owner, Value key, Value? fallback)
    {
        if (owner.TryGet(key, out Value value))
            return value;
        owner.Set(key, fallback ?? NoneValue.Instance);
        return fallback ?? NoneValue.Instance;
    }

    private static TupleValue PopItem(DictionaryValue owner)
    {
        if (owner.Length == 0)
            throw TemplateException.Value("popitem(): dictionary is empty");
        Value key = owner.Entries[^1].Key;
        owner.Remove(key, out Value value);
        return new TupleValue([key, value]);
    }
}
