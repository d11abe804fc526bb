namespace FastMlx.Chat.Templates;

/// <summary>Python's tuple; with <see cref="IsGroup"/> also the named tuple (grouper, list) of groupby.</summary>
internal sealed class TupleValue(Value[] items, bool isGroup = false) : Value
{
    public Value[] Items { get; } = items;

    public bool IsGroup { get; } = isGroup;

    public override string TypeName => "tuple";

    public override int Length => Items.Length;

    public override bool IsTrue(Budget budget) => Items.Length > 0;

    public override IEnumerable<Value> Iterate(Budget budget) => Items;
}
