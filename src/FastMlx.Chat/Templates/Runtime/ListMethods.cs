namespace FastMlx.Chat.Templates;

/// <summary>Methods of list and tuple.</summary>
internal static class ListMethods
{
    private static readonly Signature OneItem = new(1, "object");
    private static readonly Signature Place = new(0, "index");
    private static readonly Signature PlaceAndItem = new(2, "index", "object");
    private static readonly Signature Search = new(1, "value", "start", "stop");
    private static readonly Signature Sorting = new(0, "key", "reverse");

    public static Value? Find(TupleValue owner, string name) => name switch
    {
        "count" => Method(name, OneItem, (run, a) => Count(owner.Items, a[0], run.Budget)),
        "index" => Method(name, Search, (run, a) => IndexOf(owner.Items, a, "tuple", run.Budget)),
        "grouper" when owner.IsGroup => owner.Items[0],
        "list" when owner.IsGroup => owner.Items[1],
        _ => null,
    };

    public static Value? Find(ListValue owner, string name) => name switch
    {
        "count" => Method(name, OneItem, (run, a) => Count(owner.Items, a[0], run.Budget)),
        "index" => Method(name, Search, (run, a) => IndexOf(owner.Items, a, "list", run.Budget)),
        "copy" => Method(name, Signature.Nothing, (run, _) => new ListValue(Iteration.ToList(owner, run.Budget))),
        "append" => Changing(name, OneItem, (_, a) => owner.Items.Add(a[0])),
        "extend" => Changing(name, Signature.Iterable, (run, a) =>
            owner.Items.AddRange(Iteration.ToList(a[0], run.Budget))),
        "insert" => Changing(name, PlaceAndItem, (run, a) => Insert(owner.Items, a[0], a[1])),
        "clear" => Changing(name, Signature.Nothing, (_, _) => owner.Items.Clear()),
        "reverse" => Changing(name, Signature.Nothing, (_, _) => owner.Items.Reverse()),
        "remove" => Changing(name, OneItem, (run, a) => Remove(owner.Items, a[0], run.Budget)),
        "sort" => Changing(name, Sorting, (run, a) => Sort(owner.Items, a, run)),
        "pop" => Method(name, Place, (_, a) => Pop(owner.Items, a[0])),
        _ => null,
    };

    private static FunctionValue Method(string name, Signature signature, Func<Evaluation, Value[], Value> body) =>
        new(name, (run, arguments) => body(run, arguments.Bind(name, signature)));

    private static FunctionValue Changing(string name, Signature signature, Action<Evaluation, Value[]> body) =>
        new(name, (run, arguments) =>
        {
            body(run, arguments.Bind(name, signature));
            return NoneValue.Instance;
        });

    private static IntegerValue Count(IReadOnlyList<Value> items, Value wanted, Budget budget)
    {
        int count = 0;
        foreach (Value item in items)
        {
            if (Equality.AreEqual(item, wanted, budget))
                count++;
        }

        return IntegerValue.Of(count);
    }

    private static IntegerValue IndexOf(IReadOnlyList<Value> items, Value[] bound, string type, Budget budget)
    {
        SliceBounds range = SliceBounds.Of(bound[1], bound[2], null, items.Count);
        for (long i = range.Start; i < range.Start + range.Count; i++)
        {
            if (Equality.AreEqual(items[(int)i], bound[0], budget))
                return IntegerValue.Of(i);
        }

        throw TemplateException.Value($"{PythonText.Describe(bound[0])} is not in {type}");
    }

    private static void Insert(List<Value> items, Value place, Value item)
    {
        long index = Numbers.RequireIndex(place, "list indices");
        index = Math.Clamp(index < 0 ? index + items.Count : index, 0, items.Count);
        items.Insert((int)index, item);
    }

    private static void Remove(List<Value> items, Value wanted, Budget budget)
    {
        int at = items.FindIndex(item => Equality.AreEqual(item, wanted, budget));
        if (at < 0)
            throw TemplateException.Value("list.remove(x): x not in list");
        items.RemoveAt(at);
    }

    private static void Sort(List<Value> items, Value[] bound, Evaluation run)
    {
        List<Value> keys = bound[0] is null or NoneValue
            ? [.. items]
            : [.. items.Select(item => bound[0].Call(run, new Arguments([item])))];
        Comparison.Sort(items, keys, bound[1]?.IsTrue(run.Budget) ?? false, run.Budget);
    }

    private static Value Pop(List<Value> items, Value? place)
    {
        if (items.Count == 0)
            throw TemplateException.Value("pop from empty list");
        long index = place is null ? items.Count - 1 : Numbers.RequireIndex(place, "list indices");
        index = index < 0 ? index + items.Count : index;
        if (index < 0 || index >= items.Count)
            throw TemplateException.Value("pop index out of range");
        Value item = items[(int)index];
        items.RemoveAt((int)index);
        return item;
    }
}
