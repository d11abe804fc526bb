namespace FastMlx.Chat.Templates;

internal sealed class BinaryExpression : Expression
{
    private readonly Func<Value, Value, Budget, Value> _apply;
    private readonly Expression _left;
    private readonly Expression _right;

    public BinaryExpression(Func<Value, Value, Budget, Value> apply, Expression left, Expression right)
    {
        _apply = apply;
        _left = left;
        _right = right;
        Depth = DepthOver(left, right);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_left);
        visit(_right);
    }

    public override Value Evaluate(Frame frame)
    {
        frame.Run.Budget.Charge();
        return _apply(_left.Evaluate(frame), _right.Evaluate(frame), frame.Run.Budget);
    }
}

internal sealed class UnaryExpression : Expression
{
    private readonly char _symbol;
    private readonly Expression _operand;

    /// <param name="symbol">'-', '+', or '!' for not.</param>
    /// <param name="operand">What it is applied to.</param>
    public UnaryExpression(char symbol, Expression operand)
    {
        _symbol = symbol;
        _operand = operand;
        Depth = DepthOver(operand);
    }

    public override void VisitChildren(Action<Node> visit) => visit(_operand);

    public override Value Evaluate(Frame frame)
    {
        Value value = _operand.Evaluate(frame);
        return _symbol switch
        {
            '!' => BooleanValue.Of(!value.IsTrue(frame.Run.Budget)),
            '-' => Arithmetic.Negate(value),
            _ => Arithmetic.Plus(value),
        };
    }
}

/// <summary>`a or b or c`, `a and b and c`: the value that decides.</summary>
internal sealed class LogicExpression : Expression
{
    private readonly bool _stopAt;
    private readonly Expression[] _operands;

    /// <param name="stopAt">true for or, false for and.</param>
    /// <param name="operands">At least two.</param>
    public LogicExpression(bool stopAt, Expression[] operands)
    {
        _stopAt = stopAt;
        _operands = operands;
        Depth = DepthOver(operands);
    }

    public override void VisitChildren(Action<Node> visit) => VisitAll(_operands, visit);

    public override Value Evaluate(Frame frame)
    {
        for (int i = 0; ; i++)
        {
            Value value = _operands[i].Evaluate(frame);
            if (i == _operands.Length - 1 || value.IsTrue(frame.Run.Budget) == _stopAt)
                return value;
        }
    }
}

/// <summary>`a &lt; b == c in d`: chained, each operand evaluated once.</summary>
internal sealed class ComparisonExpression : Expression
{
    private readonly Expression _first;
    private readonly string[] _symbols;
    private readonly Expression[] _others;

    public ComparisonExpression(Expression first, string[] symbols, Expression[] others)
    {
        _first = first;
        _symbols = symbols;
        _others = others;
        Depth = DepthOver([first, .. others]);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_first);
        VisitAll(_others, visit);
    }

    public override Value Evaluate(Frame frame)
    {
        Value left = _first.Evaluate(frame);
        for (int i = 0; i < _symbols.Length; i++)
        {
            Value right = _others[i].Evaluate(frame);
            if (!Holds(left, _symbols[i], right, frame.Run.Budget))
                return BooleanValue.False;
            left = right;
        }

        return BooleanValue.True;
    }

    private static bool Holds(Value left, string symbol, Value right, Budget budget) => symbol switch
    {
        "==" => Equality.AreEqual(left, right, budget),
        "!=" => !Equality.AreEqual(left, right, budget),
        "in" => Comparison.Contains(right, left, budget),
        "not in" => !Comparison.Contains(right, left, budget),
        _ => Comparison.Holds(left, symbol, right, budget),
    };
}
