namespace FastMlx.Chat.Templates;

internal sealed record MacroParameter(string Name, Expression? Default)
{
    public int Slot { get; set; }
}

/// <summary>The compiled body of a macro or a call block. It has a frame of its own inside the defining one.</summary>
internal sealed class MacroDefinition(string? name, MacroParameter[] parameters, Statement[] body, int line)
{
    private FunctionScope _function = new(null);
    private ScopeEntry[] _entries = [];
    private int _callerSlot = -1;
    private int _namedSlot = -1;
    private int _moreSlot = -1;

    public string? Name => name;

    public MacroParameter[] Parameters => parameters;

    public bool TakesCaller { get; private set; }

    public bool TakesNamed => _namedSlot >= 0;

    public bool TakesMore => _moreSlot >= 0;

    public void VisitChildren(Action<Node> visit)
    {
        foreach (MacroParameter parameter in parameters)
        {
            if (parameter.Default is not null)
                visit(parameter.Default);
        }

        foreach (Statement statement in body)
            visit(statement);
    }

    public void Bind(BindContext context)
    {
        BindContext inner = context.InnerFunction();
        NameScope scope = inner.Scope;
        _function = scope.Function;
        foreach (MacroParameter parameter in parameters)
            parameter.Slot = scope.Declare(parameter.Name).Index;
        DeclareSpecials(scope);
        foreach (MacroParameter parameter in parameters)
            parameter.Default?.CollectNames(scope);
        foreach (Statement statement in body)
            statement.CollectNames(scope);
        foreach (MacroParameter parameter in parameters)
            parameter.Default?.Bind(inner);
        foreach (Statement statement in body)
            statement.Bind(inner);
        _entries = scope.Entries();
    }

    public StringValue Invoke(Evaluation run, Frame parent, Arguments arguments)
    {
        Budget budget = run.Budget;
        budget.EnterCall();
        var frame = new Frame(run, _function.Slots, parent);
        Pass(frame, arguments);
        ScopeEntry.Run(_entries, frame);
        foreach (MacroParameter parameter in parameters)
        {
            if (frame.Slots[parameter.Slot] is null)
            {
                frame.Slots[parameter.Slot] = parameter.Default?.Evaluate(frame)
                    ?? new UndefinedValue($"parameter '{parameter.Name}' was not provided");
            }
        }

        var output = new TextBuilder(budget);
        Statement.ExecuteAll(body, frame, output);
        budget.LeaveCall();
        return output.ToValue();
    }

    private void DeclareSpecials(NameScope scope)
    {
        bool ownCaller = parameters.Any(p => p.Name == "caller");
        if (Node.Mentions(body, "caller"))
        {
            TakesCaller = true;
            if (!ownCaller)
                _callerSlot = scope.Declare("caller").Index;
            else if (parameters.First(p => p.Name == "caller").Default is null)
            {
                throw new TemplateException(
                    TemplateErrorKind.Syntax,
                    "When defining macros or call blocks the special \"caller\" argument must be omitted or be given "
                    + "a default.",
                    line);
            }
        }

        if (Node.Mentions(body, "kwargs") && parameters.All(p => p.Name != "kwargs"))
            _namedSlot = scope.Declare("kwargs").Index;
        if (Node.Mentions(body, "varargs") && parameters.All(p => p.Name != "varargs"))
            _moreSlot = scope.Declare("varargs").Index;
    }

    private void Pass(Frame frame, Arguments arguments)
    {
        int given = Math.Min(arguments.Positional.Length, parameters.Length);
        for (int i = 0; i < given; i++)
            frame.Slots[parameters[i].Slot] = arguments.Positional[i];
        var rest = new DictionaryValue();
        Value? caller = null;
        foreach ((string key, Value value) in arguments.Named)
        {
            int at = Array.FindIndex(parameters, given, p => p.Name == key);
            if (at >= 0)
                frame.Slots[parameters[at].Slot] = value;
            else if (key == "caller" && _callerSlot >= 0)
                caller = value;
            else
                rest.Set(key, value);
        }

        if (_callerSlot >= 0)
        {
            frame.Slots[_callerSlot] = caller is null or NoneValue
                ? new UndefinedValue("No caller defined")
                : caller;
        }

        PassRest(frame, arguments, rest);
    }

    private void PassRest(Frame frame, Arguments arguments, DictionaryValue rest)
    {
        if (_namedSlot >= 0)
            frame.Slots[_namedSlot] = rest;
        else if (rest.TryGet("caller", out _))
        {
            throw TemplateException.Type(
                $"macro {Shown()} was invoked with two values for the special caller argument. "
                + "This is most likely a bug.");
        }
        else if (rest.Length > 0)
        {
            throw TemplateException.Type(
                $"macro {Shown()} takes no keyword argument {PythonText.Describe(rest.Entries[0].Key)}");
        }

        int most = parameters.Length;
        if (_moreSlot >= 0)
        {
            frame.Slots[_moreSlot] = new TupleValue(
                arguments.Positional.Length > most ? arguments.Positional[most..] : []);
        }
        else if (arguments.Positional.Length > most)
        {
            throw TemplateException.Type($"macro {Shown()} takes not more than {most} argument(s)");
        }
    }

    private string Shown() => name is null ? "None" : PythonText.Quote(name);
}

internal sealed class MacroStatement(NameTarget target, MacroDefinition definition) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
        // The macro's name is no node in jinja2: only its parts are visited.
        definition.VisitChildren(visit);
    }

    public override void CollectNames(NameScope scope) => target.CollectNames(scope);

    public override void Bind(BindContext context)
    {
        definition.Bind(context);
        target.Bind(context);
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        target.Assign(frame, new MacroValue(definition, frame));
        return Flow.Next;
    }
}

/// <summary>`{% call(x) macro(…) %}…{% endcall %}`</summary>
internal sealed class CallBlockStatement(CallExpression call, MacroDefinition body) : Statement
{
    public override void VisitChildren(Action<Node> visit)
    {
        visit(call);
        body.VisitChildren(visit);
    }

    public override void CollectNames(NameScope scope) => call.CollectNames(scope);

    public override void Bind(BindContext context)
    {
        body.Bind(context);
        call.Bind(context);
    }

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        Value text = call.Evaluate(frame, new MacroValue(body, frame));
        output.Append(PythonText.Of(text, frame.Run.Budget));
        return Flow.Next;
    }
}

/// <summary>transformers' `{% generation %}`: its body as a call block's, so that what it sets stays inside.</summary>
internal sealed class GenerationStatement(MacroDefinition body) : Statement
{
    public override void VisitChildren(Action<Node> visit) => body.VisitChildren(visit);

    public override void CollectNames(NameScope scope)
    {
    }

    public override void Bind(BindContext context) => body.Bind(context);

    public override Flow Execute(Frame frame, TextBuilder output)
    {
        output.Append(body.Invoke(frame.Run, frame, Arguments.None));
        return Flow.Next;
    }
}
