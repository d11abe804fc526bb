namespace FastMlx.Chat.Output;

/// <summary>The JSON types that a schema allows; None: it says nothing.</summary>
[Flags]
internal enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8,
    Array = 16,
    Object = 32,
    String = 64,
}
