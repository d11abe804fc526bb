namespace FastMlx.Chat.Templates;

internal sealed class FloatValue(double number) : Value
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool IsTrue(Budget budget) => Number != 0;
}
