namespace FastMlx.Chat.Templates;

internal sealed class ConstantExpression(Value value) : Expression
{
    public Value Value => value;

    public override void VisitChildren(Action<Node> visit)
    {
    }

    public override Value Evaluate(Frame frame) => value;
}

internal sealed class NameExpression(string name) : Expression
{
    private int _hops;
    private int _slot;

    public string Name => name;

    public override void VisitChildren(Action<Node> visit)
    {
    }

    public override void CollectNames(NameScope scope) => scope.Load(name);

    public override void Bind(BindContext context)
    {
        NameSlot slot = context.Scope.Find(name)!;
        _slot = slot.Index;
        _hops = context.Scope.Function.HopsTo(slot.Function);
    }

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge();
        return frame.Outer(_hops).Slots[_slot] ?? UndefinedValue.OfVariable(name);
    }
}

internal sealed class ListExpression : Expression
{
    private readonly Expression[] _items;

    public ListExpression(Expression[] items)
    {
        _items = items;
        Depth = DepthOver(items);
    }

    public override void VisitChildren(Action<Node> visit) => VisitAll(_items, visit);

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge(_items.Length);
        var values = new List<Value>(_items.Length);
        foreach (Expression item in _items)
            values.Add(item.Evaluate(frame));
        return new ListValue(values);
    }
}

internal sealed class TupleExpression : Expression
{
    private readonly Expression[] _items;

    public TupleExpression(Expression[] items)
    {
        _items = items;
        Depth = DepthOver(items);
    }

    public override void VisitChildren(Action<Node> visit) => VisitAll(_items, visit);

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge(_items.Length);
        var values = new Value[_items.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = _items[i].Evaluate(frame);
        return new TupleValue(values);
    }
}

internal sealed class DictionaryExpression : Expression
{
    private readonly Expression[] _keys;
    private readonly Expression[] _values;

    public DictionaryExpression(Expression[] keys, Expression[] values)
    {
        _keys = keys;
        _values = values;
        Depth = DepthOver([.. keys, .. values]);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        for (int i = 0; i < _keys.Length; i++)
        {
            visit(_keys[i]);
            visit(_values[i]);
        }
    }

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge(_keys.Length);
        var dictionary = new DictionaryValue();
        for (int i = 0; i < _keys.Length; i++)
            dictionary.Set(_keys[i].Evaluate(frame), _values[i].Evaluate(frame));
        return dictionary;
    }
}

/// <summary>`a ~ b ~ c`: everything printed, one after the other.</summary>
internal sealed class ConcatExpression : Expression
{
    private readonly Expression[] _parts;

    public ConcatExpression(Expression[] parts)
    {
        _parts = parts;
        Depth = DepthOver(parts);
    }

    public override void VisitChildren(Action<Node> visit) => VisitAll(_parts, visit);

    public override Value Evaluate(Frame frame)
    {
        var builder = new TextBuilder(frame.Run.Budget);
        foreach (Expression part in _parts)
            builder.Append(PythonText.Of(part.Evaluate(frame), frame.Run.Budget));
        return builder.ToValue();
    }
}

internal sealed class ConditionalExpression : Expression
{
    private readonly Expression _test;
    private readonly Expression _then;
    private readonly Expression? _otherwise;

    public ConditionalExpression(Expression test, Expression then, Expression? otherwise)
    {
        _test = test;
        _then = then;
        _otherwise = otherwise;
        Depth = DepthOver(test, then, otherwise);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_test);
        visit(_then);
        if (_otherwise is not null)
            visit(_otherwise);
    }

    public override void Bind(BindContext context) => base.Bind(context.Soft());

    public override Value Evaluate(Frame frame)
    {
        if (_test.Evaluate(frame).IsTrue(frame.Run.Budget))
            return _then.Evaluate(frame);
        return _otherwise?.Evaluate(frame) ?? new UndefinedValue(
            $"the inline if-expression on line {Line} evaluated to false and no else section was defined.");
    }
}
