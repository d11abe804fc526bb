namespace FastMlx.Chat.Templates;

/// <summary>A built-in function or a method bound to its value.</summary>
internal sealed class FunctionValue(string name, Func<Evaluation, Arguments, Value> body, string typeName) : Value
{
    public FunctionValue(string name, Func<Evaluation, Arguments, Value> body)
        : this(name, body, "builtin_function_or_method")
    {
    }

    public string Name => name;

    public override string TypeName => typeName;

    public override bool IsCallable => true;

    public override Value Call(Evaluation run, Arguments arguments) => body(run, arguments);
}
