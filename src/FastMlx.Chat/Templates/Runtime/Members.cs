namespace FastMlx.Chat.Templates;

/// <summary>What `a.b`, `a[b]` and `a[b:c:d]` mean: jinja2's sandbox over Python's attributes and items.</summary>
internal static class Members
{
    private static readonly HashSet<string> DictionaryChanges = ["clear", "pop", "popitem", "setdefault", "update"];

    private static readonly HashSet<string> ListChanges =
        ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];

    public static Value Attribute(Evaluation run, Value owner, string name)
    {
        if (owner is UndefinedValue undefined)
            throw undefined.Error();
        Value? attribute = OwnAttribute(run, owner, name);
        if (attribute is not null)
            return attribute;
        return owner is DictionaryValue dictionary && dictionary.TryGet(name, out Value item)
            ? item
            : UndefinedValue.OfMember(owner, new StringValue(name));
    }

    public static Value Item(Evaluation run, Value owner, Value key)
    {
        if (owner is UndefinedValue undefined)
            throw undefined.Error();
        Value? item = OwnItem(owner, key);
        if (item is null && key is StringValue name)
            item = OwnAttribute(run, owner, name.Text);
        return item ?? UndefinedValue.OfMember(owner, key);
    }

    public static Value Slice(Evaluation run, Value owner, Value? start, Value? stop, Value? step)
    {
        Budget budget = run.Budget;
        switch (owner)
        {
            case UndefinedValue undefined:
                throw undefined.Error();
            case StringValue text:
                SliceBounds bounds = SliceBounds.Of(start, stop, step, text.Length);
                return SliceText(text, bounds, budget);
            case ListValue list:
                return new ListValue(Pick(list.Items, SliceBounds.Of(start, stop, step, list.Length), budget));
            case TupleValue tuple:
                return new TupleValue([.. Pick(tuple.Items, SliceBounds.Of(start, stop, step, tuple.Length), budget)]);
            case RangeValue range:
                SliceBounds part = SliceBounds.Of(start, stop, step, range.Length);
                long first = range.Start + part.Start * range.Step;
                return new RangeValue(first, first + part.Count * part.Step * range.Step, part.Step * range.Step);
            case DictionaryValue:
                throw TemplateException.Type("unhashable type: 'slice'");
            default:
                throw TemplateException.Type($"'{owner.TypeName}' object is not subscriptable");
        }
    }

    /// <summary>getattr() of Python: methods and properties, but no items.</summary>
    public static Value? OwnAttribute(Evaluation run, Value owner, string name)
    {
        if (owner is NamespaceValue space)
            return space.Attributes.TryGet(name, out Value value) ? value : null;
        if (name.StartsWith('_'))
            return name.StartsWith("__", StringComparison.Ordinal) ? Unsafe(owner, name) : null;
        switch (owner)
        {
            case StringValue text:
                return StringMethods.Find(text, name);
            case DictionaryValue dictionary:
                if (DictionaryChanges.Contains(name) && run.Dialect == TemplateDialect.HuggingFace)
                    return Unsafe(owner, name);
                return DictionaryMethods.Find(dictionary, name);
            case ListValue list:
                if (ListChanges.Contains(name) && run.Dialect == TemplateDialect.HuggingFace)
                    return Unsafe(owner, name);
                return ListMethods.Find(list, name);
            case TupleValue tuple:
                return ListMethods.Find(tuple, name);
            case LoopValue loop:
                return ObjectMembers.OfLoop(loop, name);
            default:
                return ObjectMembers.Find(owner, name);
        }
    }

    private static UndefinedValue Unsafe(Value owner, string name) => new(
        $"access to attribute '{name}' of '{owner.TypeName}' object is unsafe.", TemplateErrorKind.Security);

    private static Value? OwnItem(Value owner, Value key)
    {
        switch (owner)
        {
            case DictionaryValue dictionary:
                if (key is ListValue or DictionaryValue or DictionaryView)
                    return null;
                return dictionary.TryGet(key, out Value value) ? value : null;
            case StringValue text when IsIndex(key):
                return At(Numbers.RequireIndex(key, ""), text.Length) is { } index
                    ? text.Slice(text.OffsetOf(index), text.OffsetOf(index + 1))
                    : null;
            case ListValue list when IsIndex(key):
                return At(Numbers.RequireIndex(key, ""), list.Length) is { } place ? list.Items[place] : null;
            case TupleValue tuple when IsIndex(key):
                return At(Numbers.RequireIndex(key, ""), tuple.Length) is { } position ? tuple.Items[position] : null;
            case RangeValue range when IsIndex(key):
                return At(Numbers.RequireIndex(key, ""), range.Length) is { } step ? range.At(step) : null;
            default:
                return null;
        }
    }

    private static bool IsIndex(Value key) => key is IntegerValue or BooleanValue;

    private static int? At(long index, int length)
    {
        long place = index < 0 ? index + length : index;
        return place >= 0 && place < length ? (int)place : null;
    }

    private static StringValue SliceText(StringValue text, SliceBounds bounds, Budget budget)
    {
        if (bounds.Count == 0)
            return text.Slice(0, 0);
        if (bounds.Step == 1)
        {
            int start = text.OffsetOf((int)bounds.Start);
            int end = text.OffsetOf((int)(bounds.Start + bounds.Count));
            budget.ChargeText(end - start, end - start);
            return text.Slice(start, end);
        }

        var offsets = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
            offsets[i + 1] = offsets[i] + StringValue.UnitsAt(text.Text, offsets[i]);
        budget.Charge(text.Length);
        var builder = new TextBuilder(budget);
        for (long i = 0; i < bounds.Count; i++)
        {
            long at = bounds.Start + i * bounds.Step;
            builder.Append(text, offsets[at], offsets[at + 1]);
        }

        return builder.ToValue(text.IsMarkup);
    }

    private static List<Value> Pick(IReadOnlyList<Value> items, SliceBounds bounds, Budget budget)
    {
        budget.Charge(bounds.Count);
        var picked = new List<Value>((int)bounds.Count);
        for (long i = 0; i < bounds.Count; i++)
            picked.Add(items[(int)(bounds.Start + i * bounds.Step)]);
        return picked;
    }
}
