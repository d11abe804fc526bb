namespace FastMlx.Chat.Templates;

/// <summary>Filters over sequences and dicts.</summary>
internal static class SequenceFilters
{
    private static readonly Signature Value = new(1, "value");

    public static readonly Filter[] All =
    [
        new("length", Value, (_, a) => IntegerValue.Of(Iteration.LengthOf(a[0]))),
        new("list", Value, (run, a) => new ListValue(Iteration.ToList(a[0], run.Budget))),
        new("first", Value, (run, a) =>
            Iteration.Of(a[0], run.Budget).FirstOrDefault()
            ?? new UndefinedValue("No first item, sequence was empty.")),
        new("last", Value, (run, a) => Last(run, a[0])),
        new("random", Value, (_, _) =>
            throw new TemplateException(TemplateErrorKind.Unsupported, "the random filter is not repeatable")),
        new("reverse", Value, (run, a) => Reverse(run, a[0])),
        new("join", new Signature(1, "value", "d", "attribute"), Join),
        new("items", Value, (run, a) => new IteratorValue(Items(a[0], run.Budget))),
        new("dictsort", new Signature(1, "value", "case_sensitive", "by", "reverse"), DictionarySort),
        new("sort", new Signature(1, "value", "reverse", "case_sensitive", "attribute"), Sort),
        new("unique", new Signature(1, "value", "case_sensitive", "attribute"), (run, a) => new IteratorValue(
            Unique(run, a[0], FilterArguments.Path(run, a[2], fold: !FilterArguments.Flag(a[1], run))))),
        new("min", new Signature(1, "value", "case_sensitive", "attribute"), (run, a) => Extreme(run, a, "<")),
        new("max", new Signature(1, "value", "case_sensitive", "attribute"), (run, a) => Extreme(run, a, ">")),
        new("sum", new Signature(1, "iterable", "attribute", "start"), Sum),
        new("groupby", new Signature(2, "value", "attribute", "default", "case_sensitive"), GroupBy),
        new("batch", new Signature(2, "value", "linecount", "fill_with"), (run, a) =>
            new IteratorValue(Batch(run, a[0], FilterArguments.Count(a[1], 1), a[2] ?? NoneValue.Instance))),
        new("slice", new Signature(2, "value", "slices", "fill_with"), (run, a) =>
            new IteratorValue(Slice(run, a[0], FilterArguments.Count(a[1], 1), a[2] ?? NoneValue.Instance))),
    ];

    private static Value Last(Evaluation run, Value value)
    {
        if (value is UndefinedValue)
            return new UndefinedValue("No last item, sequence was empty.");
        IEnumerable<Value> reversed = Iteration.Reversed(value, run.Budget)
            ?? throw TemplateException.Type($"'{value.TypeName}' object is not reversible");
        return reversed.FirstOrDefault() ?? new UndefinedValue("No last item, sequence was empty.");
    }

    private static Value Reverse(Evaluation run, Value value)
    {
        if (value is StringValue text)
            return Members.Slice(run, text, null, null, IntegerValue.Of(-1));
        IEnumerable<Value>? reversed = Iteration.Reversed(value, run.Budget);
        if (reversed is not null)
            return new IteratorValue(reversed, value is ListValue ? "list_reverseiterator" : "reversed");
        List<Value> items = Iteration.ToList(value, run.Budget);
        items.Reverse();
        return new ListValue(items);
    }

    private static StringValue Join(Evaluation run, Value[] a)
    {
        StringValue separator = a[1] is null ? StringValue.Empty : FilterArguments.Text(a[1], run).AsPlain();
        Func<Value, Value>? path = a[2] is null or NoneValue ? null : FilterArguments.Path(run, a[2]);
        var builder = new TextBuilder(run.Budget);
        bool first = true;
        foreach (Value item in Iteration.Of(a[0], run.Budget))
        {
            if (!first)
                builder.Append(separator);
            first = false;
            builder.Append(FilterArguments.Text(path is null ? item : path(item), run));
        }

        return builder.ToValue();
    }

    private static IEnumerable<Value> Items(Value value, Budget budget)
    {
        if (value is UndefinedValue)
            yield break;
        if (value is not DictionaryValue dictionary)
            throw TemplateException.Type("Can only get item pairs from a mapping.");
        foreach (Value pair in new DictionaryView(dictionary, DictionaryViewKind.Items).Iterate(budget))
            yield return pair;
    }

    private static ListValue DictionarySort(Evaluation run, Value[] a)
    {
        string by = a[2] is StringValue text ? text.Text : "key";
        if (by is not ("key" or "value"))
            throw TemplateException.Value("You can only sort by either \"key\" or \"value\"");
        if (a[0] is not DictionaryValue dictionary)
        {
            throw a[0] is UndefinedValue undefined
                ? undefined.Error()
                : TemplateException.Type($"'{a[0].TypeName}' object has no attribute 'items'");
        }

        bool caseSensitive = FilterArguments.Flag(a[1], run);
        List<Value> pairs = Iteration.ToList(new DictionaryView(dictionary, DictionaryViewKind.Items), run.Budget);
        List<Value> keys = [.. pairs.Select(pair =>
        {
            Value key = ((TupleValue)pair).Items[by == "key" ? 0 : 1];
            return caseSensitive ? key : FilterArguments.Fold(key);
        })];
        Comparison.Sort(pairs, keys, FilterArguments.Flag(a[3], run), run.Budget);
        return new ListValue(pairs);
    }

    private static ListValue Sort(Evaluation run, Value[] a)
    {
        Func<Value, Value> key = FilterArguments.Paths(run, a[3], fold: !FilterArguments.Flag(a[2], run));
        List<Value> items = Iteration.ToList(a[0], run.Budget);
        Comparison.Sort(items, [.. items.Select(key)], FilterArguments.Flag(a[1], run), run.Budget);
        return new ListValue(items);
    }

    private static IEnumerable<Value> Unique(Evaluation run, Value value, Func<Value, Value> key)
    {
        var seen = new HashSet<Value>(KeyComparer.Instance);
        foreach (Value item in Iteration.Of(value, run.Budget))
        {
            Value found = key(item);
            Equality.RequireHashable(found);
            if (seen.Add(found))
                yield return item;
        }
    }

    private static Value Extreme(Evaluation run, Value[] a, string relation)
    {
        Func<Value, Value> key = FilterArguments.Path(run, a[2], fold: !FilterArguments.Flag(a[1], run));
        Value? best = null;
        Value? bestKey = null;
        foreach (Value item in Iteration.Of(a[0], run.Budget))
        {
            Value itemKey = key(item);
            if (bestKey is not null && !Comparison.Holds(itemKey, relation, bestKey, run.Budget))
                continue;
            best = item;
            bestKey = itemKey;
        }

        return best ?? new UndefinedValue("No aggregated item, sequence was empty.");
    }

    private static Value Sum(Evaluation run, Value[] a)
    {
        Func<Value, Value> key = FilterArguments.Path(run, a[1]);
        Value sum = a[2] ?? IntegerValue.Of(0);
        if (sum is StringValue)
            throw TemplateException.Type("sum() can't sum strings [use ''.join(seq) instead]");
        foreach (Value item in Iteration.Of(a[0], run.Budget))
            sum = Arithmetic.Add(sum, key(item), run.Budget);
        return sum;
    }

    private static ListValue GroupBy(Evaluation run, Value[] a)
    {
        bool caseSensitive = FilterArguments.Flag(a[3], run);
        Func<Value, Value> exact = FilterArguments.Path(run, a[1], a[2]);
        Func<Value, Value> key = caseSensitive ? exact : FilterArguments.Path(run, a[1], a[2], fold: true);
        List<Value> items = Iteration.ToList(a[0], run.Budget);
        Comparison.Sort(items, [.. items.Select(key)], reverse: false, run.Budget);
        var groups = new List<Value>();
        List<Value>? members = null;
        Value? current = null;
        foreach (Value item in items)
        {
            Value itemKey = key(item);
            if (members is null || !Equality.AreEqual(current!, itemKey, run.Budget))
            {
                members = [];
                current = itemKey;
                groups.Add(new TupleValue([exact(item), new ListValue(members)], isGroup: true));
            }

            members.Add(item);
        }

        return new ListValue(groups);
    }

    private static IEnumerable<Value> Batch(Evaluation run, Value value, long count, Value fill)
    {
        var batch = new List<Value>();
        foreach (Value item in Iteration.Of(value, run.Budget))
        {
            if (batch.Count == count)
            {
                yield return new ListValue(batch);
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count == 0)
            yield break;
        for (long i = batch.Count; fill is not NoneValue && i < count; i++)
        {
            run.Budget.Charge();
            batch.Add(fill);
        }

        yield return new ListValue(batch);
    }

    private static IEnumerable<Value> Slice(Evaluation run, Value value, long slices, Value fill)
    {
        List<Value> items = Iteration.ToList(value, run.Budget);
        if (slices == 0)
            throw TemplateException.Value("integer division or modulo by zero");
        long size = items.Count / slices;
        long extra = items.Count % slices;
        int start = 0;
        for (long i = 0; i < slices; i++)
        {
            run.Budget.Charge();
            int count = (int)(size + (i < extra ? 1 : 0));
            List<Value> part = items.GetRange(start, count);
            if (fill is not NoneValue && i >= extra)
                part.Add(fill);
            start += count;
            yield return new ListValue(part);
        }
    }
}
