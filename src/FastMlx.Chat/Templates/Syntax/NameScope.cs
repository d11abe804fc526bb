namespace FastMlx.Chat.Templates;

/// <summary>
/// The names of one scope, by jinja2's rules: a name that is stored here belongs here and begins with the outer
/// value where an outer scope has the name; a name that is only loaded is looked up outside, at last in the context.
/// </summary>
internal sealed class NameScope
{
    private readonly Dictionary<string, NameSlot> _known;
    private readonly Dictionary<string, NameSlot> _slots;
    private readonly Dictionary<NameSlot, NameLoad> _loads;
    private readonly HashSet<string> _stores;

    public NameScope(FunctionScope function, NameScope? parent)
    {
        Function = function;
        Parent = parent;
        _known = [];
        _slots = [];
        _loads = [];
        _stores = [];
    }

    /// <summary>A copy for a branch: the slots are shared by name, so that all branches mean one variable.</summary>
    private NameScope(NameScope original)
    {
        Function = original.Function;
        Parent = original.Parent;
        _known = original._known;
        _slots = new(original._slots);
        _loads = new(original._loads);
        _stores = [.. original._stores];
    }

    public FunctionScope Function { get; }

    public NameScope? Parent { get; }

    public NameSlot? Find(string name) => _slots.GetValueOrDefault(name) ?? Parent?.Find(name);

    public void Load(string name)
    {
        if (Find(name) is null)
            Define(name, new NameLoad(NameLoadKind.Resolve, name, null));
    }

    public void Store(string name)
    {
        _stores.Add(name);
        if (_slots.ContainsKey(name))
            return;
        NameSlot? outer = Parent?.Find(name);
        Define(name, outer is null
            ? new NameLoad(NameLoadKind.Missing, name, null)
            : new NameLoad(NameLoadKind.Alias, name, outer));
    }

    public NameSlot Declare(string name)
    {
        _stores.Add(name);
        return Define(name, new NameLoad(NameLoadKind.Parameter, name, null));
    }

    public void Branch(params IReadOnlyList<Node>[] branches)
    {
        var copies = new List<NameScope>();
        foreach (IReadOnlyList<Node> branch in branches)
        {
            var copy = new NameScope(this);
            foreach (Node node in branch)
                node.CollectNames(copy);
            copies.Add(copy);
        }

        Merge(copies);
    }

    /// <summary>What must be done when the scope is entered, in the frame of its function.</summary>
    public ScopeEntry[] Entries()
    {
        var entries = new List<ScopeEntry>();
        foreach ((NameSlot slot, NameLoad load) in _loads)
        {
            if (load.Kind == NameLoadKind.Parameter)
                continue;
            int hops = load.Outer is null ? 0 : Function.HopsTo(load.Outer.Function);
            entries.Add(new ScopeEntry(load.Kind, slot.Index, load.Name, hops, load.Outer?.Index ?? 0));
        }

        return [.. entries];
    }

    private void Merge(List<NameScope> branches)
    {
        var stores = new HashSet<string>();
        foreach (NameScope branch in branches)
            stores.UnionWith(branch._stores);
        stores.ExceptWith(_stores);
        foreach (NameScope branch in branches)
        {
            foreach ((string name, NameSlot slot) in branch._slots)
                _slots[name] = slot;
            foreach ((NameSlot slot, NameLoad load) in branch._loads)
                _loads[slot] = load;
            _stores.UnionWith(branch._stores);
        }

        foreach (string name in stores)
        {
            NameSlot slot = Find(name)!;
            NameSlot? outer = Parent?.Find(name);
            _loads[slot] = outer is null
                ? new NameLoad(NameLoadKind.Resolve, name, null)
                : new NameLoad(NameLoadKind.Alias, name, outer);
        }
    }

    private NameSlot Define(string name, NameLoad load)
    {
        if (!_known.TryGetValue(name, out NameSlot? slot))
        {
            slot = new NameSlot(Function, Function.Slots++);
            _known.Add(name, slot);
        }

        _slots[name] = slot;
        _loads[slot] = load;
        return slot;
    }
}

/// <summary>A variable's place in the frames of its function.</summary>
internal sealed record NameSlot(FunctionScope Function, int Index);

internal enum NameLoadKind
{
    Parameter,
    Resolve,
    Alias,
    Missing,
}

internal sealed record NameLoad(NameLoadKind Kind, string Name, NameSlot? Outer);

/// <summary>One slot's beginning when a scope is entered.</summary>
internal readonly record struct ScopeEntry(NameLoadKind Kind, int Slot, string Name, int Hops, int OuterSlot)
{
    public static void Run(ScopeEntry[] entries, Frame frame)
    {
        foreach (ScopeEntry entry in entries)
        {
            frame.Slots[entry.Slot] = entry.Kind switch
            {
                NameLoadKind.Resolve => frame.Run.Resolve(entry.Name),
                NameLoadKind.Alias => frame.Outer(entry.Hops).Slots[entry.OuterSlot],
                _ => null,
            };
        }
    }
}
