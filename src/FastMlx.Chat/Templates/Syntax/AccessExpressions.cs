namespace FastMlx.Chat.Templates;

internal sealed class AttributeExpression : Expression
{
    private readonly Expression _owner;
    private readonly string _name;

    public AttributeExpression(Expression owner, string name)
    {
        _owner = owner;
        _name = name;
        Depth = DepthOver(owner);
    }

    public override void VisitChildren(Action<Node> visit) => visit(_owner);

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge();
        return Members.Attribute(frame.Run, _owner.Evaluate(frame), _name);
    }
}

internal sealed class ItemExpression : Expression
{
    private readonly Expression _owner;
    private readonly Expression _key;

    public ItemExpression(Expression owner, Expression key)
    {
        _owner = owner;
        _key = key;
        Depth = DepthOver(owner, key);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_owner);
        visit(_key);
    }

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge();
        return Members.Item(frame.Run, _owner.Evaluate(frame), _key.Evaluate(frame));
    }
}

internal sealed class SliceExpression : Expression
{
    private readonly Expression _owner;
    private readonly Expression?[] _bounds;

    /// <param name="owner">What is cut.</param>
    /// <param name="bounds">Start, stop, step; null where left out.</param>
    public SliceExpression(Expression owner, Expression?[] bounds)
    {
        _owner = owner;
        _bounds = bounds;
        Depth = DepthOver([owner, .. bounds]);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_owner);
        foreach (Expression? bound in _bounds)
        {
            if (bound is not null)
                visit(bound);
        }
    }

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge();
        return Members.Slice(
            frame.Run, _owner.Evaluate(frame), _bounds[0]?.Evaluate(frame), _bounds[1]?.Evaluate(frame),
            _bounds[2]?.Evaluate(frame));
    }
}
