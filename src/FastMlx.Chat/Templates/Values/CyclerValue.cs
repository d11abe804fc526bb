namespace FastMlx.Chat.Templates;

/// <summary>jinja2's cycler(): hands out its items in turn.</summary>
internal sealed class CyclerValue(Value[] items) : Value
{
    private int _position;

    public override string TypeName => "Cycler";

    public Value Current => items[_position];

    public Value Next()
    {
        Value current = items[_position];
        _position = (_position + 1) % items.Length;
        return current;
    }

    public void Reset() => _position = 0;
}
