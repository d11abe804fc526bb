namespace FastMlx.Chat.Templates;

/// <summary>`{% set x %}…{% endset %}`, with or without filters.</summary>
internal sealed class SetBlockStatement(Target target, FilterExpression? filter, Statement[] body) : Statement
{
    private ScopeEntry[] _entries = [];

    public override void VisitChildren(Action<Node> visit)
    {
        visit(target);
        if (filter is not null)
            visit(filter);
        VisitAll(body, visit);
    }

    public override void CollectNames(NameScope scope) => target.CollectNames(scope);

    public override void Bind(BindContext context)
    {
        BindContext inner = context.Inner();
        foreach (Statement statement in body)
            statement.CollectNames(inner.Scope);
        filter?.CollectNames(inner.Scope);
        BindAll(body, inner);
        filter?.Bind(inner);
        target.Bind(context);
        _entries = inner.Scope.Entries();
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        ScopeEntry.Run(_entries, frame);
        var builder = new TextBuilder(frame.Run.Budget);
        Flow flow = ExecuteAll(body, frame, builder);
        if (flow != Flow.Next)
            return flow;
        Value value = builder.ToValue();
        target.Assign(frame, filter is null ? value : filter.Apply(frame, value));
        return Flow.Next;
    }
}

/// <summary>`{% filter upper %}…{% endfilter %}`</summary>
internal sealed class FilterBlockStatement(FilterExpression filter, Statement[] body) : Statement
{
    private ScopeEntry[] _entries = [];

    public override void VisitChildren(Action<Node> visit)
    {
        VisitAll(body, visit);
        visit(filter);
    }

    public override void CollectNames(NameScope scope) => filter.CollectNames(scope);

    public override void Bind(BindContext context)
    {
        BindContext inner = context.Inner();
        foreach (Statement statement in body)
            statement.CollectNames(inner.Scope);
        filter.CollectNames(inner.Scope);
        BindAll(body, inner);
        filter.Bind(inner);
        _entries = inner.Scope.Entries();
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        ScopeEntry.Run(_entries, frame);
        var builder = new TextBuilder(frame.Run.Budget);
        Flow flow = ExecuteAll(body, frame, builder);
        if (flow == Flow.Next)
            output.Append(PythonText.Of(filter.Apply(frame, builder.ToValue()), frame.Run.Budget));
        return flow;
    }
}

/// <summary>`{% with a = 1, b = 2 %}…{% endwith %}`, and with no targets the scope of autoescape.</summary>
internal sealed class WithStatement(Target[] targets, Expression[] values, Statement[] body) : Statement
{
    private ScopeEntry[] _entries = [];

    public override void VisitChildren(Action<Node> visit)
    {
        VisitAll(targets, visit);
        VisitAll(values, visit);
        VisitAll(body, visit);
    }

    public override void CollectNames(NameScope scope)
    {
        foreach (Expression value in values)
            value.CollectNames(scope);
    }

    public override void Bind(BindContext context)
    {
        BindContext inner = context.Inner();
        foreach (Target target in targets)
            target.Declare(inner.Scope);
        foreach (Statement statement in body)
            statement.CollectNames(inner.Scope);
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i].Bind(inner);
            values[i].Bind(context);
        }

        BindAll(body, inner);
        _entries = inner.Scope.Entries();
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        ScopeEntry.Run(_entries, frame);
        for (int i = 0; i < targets.Length; i++)
            targets[i].Assign(frame, values[i].Evaluate(frame));
        return ExecuteAll(body, frame, output);
    }
}

/// <summary>`{% block name %}`: without inheritance a function of its own, called where it stands.</summary>
internal sealed class BlockStatement(string name, Statement[] body) : Statement
{
    private readonly FunctionScope _function = new(null);
    private ScopeEntry[] _entries = [];

    public string Name => name;

    public override void VisitChildren(Action<Node> visit) => VisitAll(body, visit);

    public override void CollectNames(NameScope scope)
    {
    }

    public override void Bind(BindContext context)
    {
        BindContext inner = context with
        {
            Scope = new NameScope(_function, null),
            IsTopLevel = false,
            IsSoft = false,
            LoopDepth = 0,
        };
        foreach (Statement statement in body)
            statement.CollectNames(inner.Scope);
        BindAll(body, inner);
        _entries = inner.Scope.Entries();
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        var own = new Frame(frame.Run, _function.Slots, null);
        ScopeEntry.Run(_entries, own);
        return ExecuteAll(body, own, output);
    }
}
