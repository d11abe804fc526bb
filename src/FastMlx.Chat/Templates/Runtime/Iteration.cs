namespace FastMlx.Chat.Templates;

/// <summary>Walking values as Python's iter() does.</summary>
internal static class Iteration
{
    public static IEnumerable<Value> Of(Value value, Budget budget) => value.Iterate(budget)
        ?? throw TemplateException.Type($"'{value.TypeName}' object is not iterable");

    public static List<Value> ToList(Value value, Budget budget)
    {
        var items = new List<Value>(Math.Max(0, Math.Min(value.Length, 1024)));
        foreach (Value item in Of(value, budget))
        {
            budget.Charge();
            items.Add(item);
        }

        return items;
    }

    public static int LengthOf(Value value)
    {
        int length = value.Length;
        return length >= 0 ? length : throw TemplateException.Type($"object of type '{value.TypeName}' has no len()");
    }

    /// <summary>reversed(): null where the type has none.</summary>
    public static IEnumerable<Value>? Reversed(Value value, Budget budget)
    {
        switch (value)
        {
            case StringValue or ListValue or TupleValue or RangeValue or DictionaryValue or DictionaryView
                or UndefinedValue:
                List<Value> items = ToList(value, budget);
                items.Reverse();
                return items;
            default:
                return null;
        }
    }
}
