namespace FastMlx.Chat.Templates;

internal sealed class BooleanValue : Value
{
    public static readonly BooleanValue True = new(true);
    public static readonly BooleanValue False = new(false);

    private BooleanValue(bool value) => Value = value;

    public bool Value { get; }

    public override string TypeName => "bool";

    public static BooleanValue Of(bool value) => value ? True : False;

    public override bool IsTrue(Budget budget) => Value;
}
