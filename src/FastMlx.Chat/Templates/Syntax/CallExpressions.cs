namespace FastMlx.Chat.Templates;

/// <summary>The arguments of a call as written: a, name=b, *c, **d.</summary>
internal sealed class CallArguments(
    Expression[] positional, string[] names, Expression[] named, Expression? more, Expression? moreNamed)
{
    public static readonly CallArguments None = new([], [], [], null, null);

    public IReadOnlyList<Expression> All
    {
        get
        {
            List<Expression> all = [.. positional, .. named];
            if (more is not null)
                all.Add(more);
            if (moreNamed is not null)
                all.Add(moreNamed);
            return all;
        }
    }

    /// <param name="frame">Where the expressions are evaluated.</param>
    /// <param name="first">A value before all others, or null.</param>
    /// <param name="caller">A call block's body, or null.</param>
    public Arguments Evaluate(Frame frame, Value? first = null, Value? caller = null)
    {
        Budget budget = frame.Run.Budget;
        budget.Charge(1 + positional.Length + named.Length);
        if (first is null && caller is null && more is null && named.Length == 0 && moreNamed is null)
        {
            var simple = new Value[positional.Length];
            for (int i = 0; i < simple.Length; i++)
                simple[i] = positional[i].Evaluate(frame);
            return new Arguments(simple);
        }

        var values = new List<Value>();
        if (first is not null)
            values.Add(first);
        foreach (Expression item in positional)
            values.Add(item.Evaluate(frame));
        var byName = new List<KeyValuePair<string, Value>>();
        for (int i = 0; i < named.Length; i++)
            Add(byName, names[i], named[i].Evaluate(frame));
        if (more is not null)
            values.AddRange(Iteration.ToList(more.Evaluate(frame), budget));
        if (moreNamed is not null)
            AddAll(byName, moreNamed.Evaluate(frame));
        if (caller is not null)
            Add(byName, "caller", caller);
        return new Arguments([.. values], byName.Count == 0 ? null : byName);
    }

    private static void AddAll(List<KeyValuePair<string, Value>> byName, Value mapping)
    {
        if (mapping is not DictionaryValue dictionary)
            throw TemplateException.Type($"argument after ** must be a mapping, not {mapping.TypeName}");
        foreach ((Value key, Value value) in dictionary.Entries)
        {
            if (key is not StringValue name)
                throw TemplateException.Type("keywords must be strings");
            Add(byName, name.Text, value);
        }
    }

    private static void Add(List<KeyValuePair<string, Value>> byName, string name, Value value)
    {
        foreach ((string other, Value _) in byName)
        {
            if (other == name)
                throw TemplateException.Type($"got multiple values for keyword argument '{name}'");
        }

        byName.Add(new(name, value));
    }
}

internal sealed class CallExpression : Expression
{
    private readonly Expression _function;
    private readonly CallArguments _arguments;

    public CallExpression(Expression function, CallArguments arguments)
    {
        _function = function;
        _arguments = arguments;
        Depth = DepthOver([function, .. arguments.All]);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        visit(_function);
        VisitAll(_arguments.All, visit);
    }

    public override Value Evaluate(Frame frame) => Evaluate(frame, null);

    public Value Evaluate(Frame frame, Value? caller)
    {
        Value function = _function.Evaluate(frame);
        return function.Call(frame.Run, _arguments.Evaluate(frame, caller: caller));
    }
}

/// <summary>`value | name(arguments)` and `value is name(arguments)`.</summary>
internal sealed class FilterExpression : Expression
{
    private readonly Expression? _value;
    private readonly string _name;
    private readonly CallArguments _arguments;
    private readonly bool _isTest;
    private Filter? _filter;

    /// <param name="value">Null in a filter block, whose body's text is the value.</param>
    /// <param name="name">The filter's or test's name.</param>
    /// <param name="arguments">What follows the name.</param>
    /// <param name="isTest">A test, not a filter.</param>
    public FilterExpression(Expression? value, string name, CallArguments arguments, bool isTest)
    {
        _value = value;
        _name = name;
        _arguments = arguments;
        _isTest = isTest;
        Depth = DepthOver([value, .. arguments.All]);
    }

    public override void VisitChildren(Action<Node> visit)
    {
        if (_value is not null)
            visit(_value);
        VisitAll(_arguments.All, visit);
    }

    public override void Bind(BindContext context)
    {
        base.Bind(context);
        _filter = _isTest ? Tests.Find(_name) : Filters.Find(_name, context.Dialect);
        if (_filter is null && !context.IsSoft)
            throw Unknown(TemplateErrorKind.Syntax, ".");
    }

    public override Value Evaluate(Frame frame) => Apply(frame, null);

    /// <summary>Applies the chain of filters to a filter block's text.</summary>
    public Value Apply(Frame frame, Value? blockText)
    {
        Value value = _value is FilterExpression inner && blockText is not null
            ? inner.Apply(frame, blockText)
            : _value?.Evaluate(frame) ?? blockText!;
        if (_filter is null)
            throw Unknown(TemplateErrorKind.Undefined, " found.");
        return _filter.Body(frame.Run, _arguments.Evaluate(frame, first: value));
    }

    private TemplateException Unknown(TemplateErrorKind kind, string ending) =>
        new(kind, $"No {(_isTest ? "test" : "filter")} named '{_name}'{ending}", Line);
}
