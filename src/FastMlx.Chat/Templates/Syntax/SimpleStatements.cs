namespace FastMlx.Chat.Templates;

/// <summary>Template text and print statements between two blocks.</summary>
internal sealed class OutputStatement(Expression[] parts) : Statement
{
    public override void VisitChildren(Action<Node> visit) => VisitAll(parts, visit);

    public override void Bind(BindContext context)
    {
        foreach (Expression part in parts)
            part.Bind(context);
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        foreach (Expression part in parts)
        {
            if (part is ConstantExpression { Value: StringValue text })
                output.Append(text);
            else
                Write(part.Evaluate(frame), frame, output);
        }

        return Flow.Next;
    }

    private static void Write(Value value, Frame frame, TextBuilder output)
    {
        if (value is ListValue or DictionaryValue or TupleValue)
            PythonText.AppendRepr(output, value, frame.Run.Budget);
        else
            output.Append(PythonText.Of(value, frame.Run.Budget));
    }
}

internal sealed class IfStatement(Expression[] tests, Statement[][] bodies, Statement[] otherwise) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
        for (int i = 0; i < tests.Length; i++)
        {
            visit(tests[i]);
            VisitAll(bodies[i], visit);
        }

        VisitAll(otherwise, visit);
    }

    public override void CollectNames(NameScope scope)
    {
        // As jinja2 nests them: an elif is a branch that begins with its own test.
        tests[0].CollectNames(scope);
        var elifs = new List<Node>();
        for (int i = 1; i < tests.Length; i++)
            elifs.Add(new IfStatement([tests[i]], [bodies[i]], []));
        scope.Branch(bodies[0], elifs, otherwise);
    }

    public override void Bind(BindContext context)
    {
        BindContext soft = context.Soft();
        for (int i = 0; i < tests.Length; i++)
        {
            tests[i].Bind(soft);
            BindAll(bodies[i], soft);
        }

        BindAll(otherwise, soft);
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        for (int i = 0; i < tests.Length; i++)
        {
            if (tests[i].Evaluate(frame).IsTrue(frame.Run.Budget))
                return ExecuteAll(bodies[i], frame, output);
        }

        return ExecuteAll(otherwise, frame, output);
    }
}

internal sealed class SetStatement(Target target, Expression value) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
        visit(target);
        visit(value);
    }

    public override void CollectNames(NameScope scope)
    {
        value.CollectNames(scope);
        target.CollectNames(scope);
    }

    public override void Bind(BindContext context)
    {
        value.Bind(context);
        target.Bind(context);
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        target.Assign(frame, value.Evaluate(frame));
        return Flow.Next;
    }
}

/// <summary>break and continue of the loop around.</summary>
internal sealed class JumpStatement(Flow flow) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
    }

    public override void Bind(BindContext context)
    {
        if (context.LoopDepth == 0)
        {
            string name = flow == Flow.Break ? "'break' outside loop" : "'continue' not properly in loop";
            throw new TemplateException(TemplateErrorKind.Syntax, name, Line);
        }
    }

    public override Flow Execute(Frame frame, TextBuilder output) => flow;
}

/// <summary>include, import, from and extends: a chat template stands alone.</summary>
internal sealed class LoaderStatement(string[] names) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
    }

    public override void CollectNames(NameScope scope)
    {
        foreach (string name in names)
            scope.Store(name);
    }

    public override void Bind(BindContext context)
    {
    }

    public override Flow Execute(Frame frame, TextBuilder output) => throw new TemplateException(
        TemplateErrorKind.Unsupported, "no loader for this environment specified", Line);
}
