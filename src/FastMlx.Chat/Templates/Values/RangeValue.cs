namespace FastMlx.Chat.Templates;

internal sealed class RangeValue(long start, long stop, long step) : Value
{
    private readonly long _count = step > 0
        ? (start < stop ? (stop - start - 1) / step + 1 : 0)
        : (start > stop ? (start - stop - 1) / -step + 1 : 0);

    public long Start => start;

    public long Stop => stop;

    public long Step => step;

    public override string TypeName => "range";

    public override int Length => (int)_count;

    public long Count => _count;

    public override bool IsTrue(Budget budget) => _count > 0;

    public Value At(long index) => IntegerValue.Of(start + index * step);

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        for (long i = 0; i < _count; i++)
        {
            budget.Charge();
            yield return At(i);
        }
    }
}
