namespace FastMlx.Chat.Templates;

/// <summary>A filter by name: its first argument is the value that it is applied to.</summary>
internal sealed record Filter(string Name, Func<Evaluation, Arguments, Value> Body)
{
    public Filter(string name, Signature signature, Func<Evaluation, Value[], Value> body)
        : this(name, (run, arguments) => body(run, arguments.Bind(name, signature)))
    {
    }
}
