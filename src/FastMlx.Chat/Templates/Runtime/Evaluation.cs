namespace FastMlx.Chat.Templates;

/// <summary>One rendering: what it may use, the variables that it was given, the clock. One thread.</summary>
internal sealed class Evaluation(
    DictionaryValue variables, TemplateDialect dialect, TemplateLimits limits, TimeProvider time)
{
    /// <summary>Top-level assignments, for blocks, which see them although they are functions of their own.</summary>
    private readonly Dictionary<string, Value> _exported = [];

    public Budget Budget { get; } = new(limits, time);

    public TemplateDialect Dialect => dialect;

    public TimeProvider Time => time;

    /// <summary>A name of the context: assigned at top level, given, or built in; null where it is none.</summary>
    public Value? Resolve(string name)
    {
        if (_exported.TryGetValue(name, out Value? value) || variables.TryGet(name, out value))
            return value;
        return Globals.Find(name);
    }

    public void Export(string name, Value value) => _exported[name] = value;
}
