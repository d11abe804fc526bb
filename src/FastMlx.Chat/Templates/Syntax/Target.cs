namespace FastMlx.Chat.Templates;

/// <summary>Where a value is put. The cases are the classes of this file.</summary>
internal abstract class Target : Node
{
    public abstract void Assign(Frame frame, Value value);

    public abstract void Bind(BindContext context);

    /// <summary>Declares the names as a loop's or macro's own.</summary>
    public abstract void Declare(NameScope scope);

    /// <summary>An unbound copy.</summary>
    public abstract Target Copy();
}

internal sealed class NameTarget(string name) : Target
{
    private int _slot;
    private bool _exports;

    public string Name => name;

    public override void VisitChildren(Action<Node> visit)
    {
    }

    public override void CollectNames(NameScope scope) => scope.Store(name);

    public override void Declare(NameScope scope) => scope.Declare(name);

    public override void Bind(BindContext context)
    {
        _slot = context.Scope.Find(name)!.Index;
        _exports = context.Exports;
    }

    public override Target Copy() => new NameTarget(name) { Line = Line };

    public override void Assign(Frame frame, Value value)
    {
        frame.Slots[_slot] = value;
        if (_exports)
            frame.Run.Export(name, value);
    }
}

internal sealed class TupleTarget(Target[] items) : Target
{
    public override void VisitChildren(Action<Node> visit) => VisitAll(items, visit);

    public override void Declare(NameScope scope)
    {
        foreach (Target item in items)
            item.Declare(scope);
    }

    public override void Bind(BindContext context)
    {
        foreach (Target item in items)
            item.Bind(context);
    }

    public override Target Copy() => new TupleTarget([.. items.Select(item => item.Copy())]) { Line = Line };

    public override void Assign(Frame frame, Value value)
    {
        if (value.Iterate(frame.Run.Budget) is not { } source)
            throw TemplateException.Type($"cannot unpack non-iterable {value.TypeName} object");
        var values = new List<Value>(items.Length);
        foreach (Value item in source)
        {
            if (values.Count == items.Length)
                throw TemplateException.Value($"too many values to unpack (expected {items.Length})");
            values.Add(item);
        }

        if (values.Count < items.Length)
        {
            throw TemplateException.Value(
                $"not enough values to unpack (expected {items.Length}, got {values.Count})");
        }

        for (int i = 0; i < items.Length; i++)
            items[i].Assign(frame, values[i]);
    }
}

/// <summary>`ns.name` in a set statement.</summary>
internal sealed class NamespaceTarget(NameExpression space, string attribute) : Target
{
    public override void VisitChildren(Action<Node> visit) => visit(space);

    public override void Declare(NameScope scope) => scope.Load(space.Name);

    public override void Bind(BindContext context) => space.Bind(context);

    public override Target Copy() =>
        new NamespaceTarget(new NameExpression(space.Name) { Line = Line }, attribute) { Line = Line };

    public override void Assign(Frame frame, Value value)
    {
        if (space.Evaluate(frame) is not NamespaceValue found)
        {
            throw new TemplateException(
                TemplateErrorKind.Type, "cannot assign attribute on non-namespace object", Line);
        }

        found.Attributes.Set(attribute, value);
    }
}
