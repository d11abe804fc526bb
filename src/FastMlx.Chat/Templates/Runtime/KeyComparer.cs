namespace FastMlx.Chat.Templates;

internal sealed class KeyComparer : IEqualityComparer<Value>
{
    public static readonly KeyComparer Instance = new();

    public bool Equals(Value? x, Value? y) => x is not null && y is not null && Equality.KeysEqual(x, y);

    public int GetHashCode(Value obj) => Equality.HashOf(obj);
}
