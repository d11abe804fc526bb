namespace FastMlx.Chat.Templates;

internal sealed class ListValue(List<Value> items) : Value
{
    public List<Value> Items { get; } = items;

    public override string TypeName => "list";

    public override int Length => Items.Count;

    public override bool IsTrue(Budget budget) => Items.Count > 0;

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        // By index, as Python does: a list may grow while it is walked.
        for (int i = 0; i < Items.Count; i++)
        {
            budget.Charge();
            yield return Items[i];
        }
    }
}
