namespace FastMlx.Chat.Templates;

/// <summary>
/// `{% for … in … if … recursive %}…{% else %}…{% endfor %}`. Every pass begins with fresh variables; filter and else
/// have scopes of their own.
/// </summary>
internal sealed class ForStatement(
    Target target, Expression iterable, Expression? test, bool isRecursive, Statement[] body, Statement[] otherwise)
    : Statement
{
    private readonly Target _testTarget = target.Copy();
    private FunctionScope? _function;
    private ScopeEntry[] _entries = [];
    private ScopeEntry[] _testEntries = [];
    private ScopeEntry[] _otherwiseEntries = [];

    // The slot of `loop`, or -1 where nothing asks for it.
    private int _loopSlot = -1;

    public override void VisitChildren(Action<Node> visit)
    {
        visit(target);
        visit(iterable);
        VisitAll(body, visit);
        VisitAll(otherwise, visit);
        if (test is not null)
            visit(test);
    }

    public override void CollectNames(NameScope scope) => iterable.CollectNames(scope);

    public override void Bind(BindContext context)
    {
        RefuseLoopTarget();
        iterable.Bind(context);
        BindContext outer = context;
        if (isRecursive)
        {
            outer = context.InnerFunction();
            _function = outer.Scope.Function;
        }

        BindContext inner = outer.Inner() with { LoopDepth = context.LoopDepth + 1 };
        if (isRecursive || Mentions(body, "loop"))
            _loopSlot = inner.Scope.Declare("loop").Index;
        target.Declare(inner.Scope);
        foreach (Statement statement in body)
            statement.CollectNames(inner.Scope);
        target.Bind(inner);
        BindTest(outer);
        BindAll(body, inner);
        _entries = inner.Scope.Entries();
        BindContext branch = outer.Inner();
        foreach (Statement statement in otherwise)
            statement.CollectNames(branch.Scope);
        BindAll(otherwise, branch);
        _otherwiseEntries = branch.Scope.Entries();
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        Value source = iterable.Evaluate(frame);
        if (isRecursive)
            output.Append(Recurse(frame, source, 0));
        else
            return Run(frame, source, 0, output);
        return Flow.Next;
    }

    private StringValue Recurse(Frame parent, Value source, int depth)
    {
        Budget budget = parent.Run.Budget;
        budget.EnterCall();
        var frame = new Frame(parent.Run, _function!.Slots, parent);
        var output = new TextBuilder(budget);
        Run(frame, source, depth, output);
        budget.LeaveCall();
        return output.ToValue();
    }

    private Flow Run(Frame frame, Value source, int depth, TextBuilder output)
    {
        Budget budget = frame.Run.Budget;
        IEnumerable<Value> items = Iteration.Of(source, budget);
        if (test is not null)
        {
            ScopeEntry.Run(_testEntries, frame);
            items = Filtered(items, frame);
        }

        bool completed = _loopSlot >= 0
            ? RunWithLoop(frame, source, items, depth, output)
            : RunPlain(frame, items, output);
        if (completed || otherwise.Length == 0)
            return Flow.Next;
        ScopeEntry.Run(_otherwiseEntries, frame);
        return ExecuteAll(otherwise, frame, output);
    }

    // Both return whether some pass reached its end: jinja2 runs the else branch also after a break in the first pass.
    private bool RunPlain(Frame frame, IEnumerable<Value> items, TextBuilder output)
    {
        bool completed = false;
        foreach (Value item in items)
        {
            frame.Run.Budget.Charge();
            target.Assign(frame, item);
            ScopeEntry.Run(_entries, frame);
            Flow flow = ExecuteAll(body, frame, output);
            if (flow == Flow.Break)
                break;
            completed |= flow == Flow.Next;
        }

        return completed;
    }

    private bool RunWithLoop(Frame frame, Value source, IEnumerable<Value> items, int depth, TextBuilder output)
    {
        Budget budget = frame.Run.Budget;
        Func<Evaluation, Value, int, Value>? recurse = null;
        if (isRecursive)
            recurse = (_, inner, level) => Recurse(frame.Parent!, inner, level);
        var loop = new LoopValue(
            test is null ? source : new IteratorValue(items), items, budget, depth, recurse);
        bool completed = false;
        while (loop.MoveNext(out Value item))
        {
            budget.Charge();
            target.Assign(frame, item);
            frame.Slots[_loopSlot] = loop;
            ScopeEntry.Run(_entries, frame);
            Flow flow = ExecuteAll(body, frame, output);
            if (flow == Flow.Break)
                break;
            completed |= flow == Flow.Next;
        }

        return completed;
    }

    private IEnumerable<Value> Filtered(IEnumerable<Value> items, Frame frame)
    {
        foreach (Value item in items)
        {
            _testTarget.Assign(frame, item);
            if (test!.Evaluate(frame).IsTrue(frame.Run.Budget))
                yield return item;
        }
    }

    private void BindTest(BindContext outer)
    {
        if (test is null)
            return;
        BindContext inner = outer.Inner();
        _testTarget.Declare(inner.Scope);
        test.CollectNames(inner.Scope);
        _testTarget.Bind(inner);
        test.Bind(inner);
        _testEntries = inner.Scope.Entries();
    }

    private void RefuseLoopTarget()
    {
        VisitChildren(Check);

        void Check(Node node)
        {
            if (node is NameTarget { Name: "loop" })
            {
                throw new TemplateException(
                    TemplateErrorKind.Syntax, "Can't assign to special loop variable in for-loop target", node.Line);
            }

            node.VisitChildren(Check);
        }
    }
}
