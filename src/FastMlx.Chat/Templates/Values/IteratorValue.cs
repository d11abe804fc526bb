namespace FastMlx.Chat.Templates;

/// <summary>A Python generator or iterator: lazy, and walked once.</summary>
internal sealed class IteratorValue(IEnumerable<Value> items, string typeName = "generator") : Value
{
    private IEnumerator<Value>? _items;

    public override string TypeName => typeName;

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        _items ??= items.GetEnumerator();
        while (_items.MoveNext())
        {
            budget.Charge();
            yield return _items.Current;
        }
    }
}
