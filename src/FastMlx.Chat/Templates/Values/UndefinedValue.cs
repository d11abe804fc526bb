namespace FastMlx.Chat.Templates;

/// <summary>
/// jinja2's Undefined: empty when printed, false, an empty sequence; an error when anything else is done with it.
/// </summary>
internal sealed class UndefinedValue(string message, TemplateErrorKind kind = TemplateErrorKind.Undefined) : Value
{
    public string Message { get; } = message;

    public override string TypeName => "Undefined";

    public override int Length => 0;

    public override bool IsTrue(Budget budget) => false;

    public override bool IsCallable => true;

    public static UndefinedValue OfVariable(string name) => new($"'{name}' is undefined");

    public static UndefinedValue OfMember(Value owner, Value name)
    {
        if (name is StringValue text)
        {
            string type = owner is NoneValue ? "None" : $"{owner.TypeName} object";
            return new($"'{type}' has no attribute {PythonText.Quote(text.Text)}");
        }

        string described = owner is NoneValue ? "None" : $"{owner.TypeName} object";
        return new($"{described} has no element {PythonText.Describe(name)}");
    }

    public override IEnumerable<Value> Iterate(Budget budget) => [];

    public override Value Call(Evaluation run, Arguments arguments) => throw Error();

    public TemplateException Error() => new(kind, Message);
}
