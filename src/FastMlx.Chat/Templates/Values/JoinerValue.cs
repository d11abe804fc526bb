namespace FastMlx.Chat.Templates;

/// <summary>jinja2's joiner(): empty at its first call, the separator at every other.</summary>
internal sealed class JoinerValue(Value separator) : Value
{
    private bool _used;

    public override string TypeName => "Joiner";

    public override bool IsCallable => true;

    public override Value Call(Evaluation run, Arguments arguments)
    {
        if (_used)
            return separator;
        _used = true;
        return StringValue.Empty;
    }
}
