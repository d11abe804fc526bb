namespace FastMlx.Chat.Output;

/// <summary>
/// What coercion needs of a JSON schema. Unions are merged: types united, properties collected. Nodes of a recursive
/// schema refer to each other; they are complete once the compiler has returned.
/// </summary>
internal sealed class SchemaNode
{
    /// <summary>Says nothing and allows everything.</summary>
    public static readonly SchemaNode Any = new();

    public SchemaTypes Types { get; set; }

    /// <summary>Null where the schema lists no properties.</summary>
    public Dictionary<string, SchemaNode>? Properties { get; set; }

    public List<string> Required { get; } = [];

    public SchemaNode? Items { get; set; }

    /// <summary>Keys outside <see cref="Properties"/>: true allowed, false forbidden, null not said.</summary>
    public bool? AllowsUnknown { get; set; }

    /// <summary>The value of keys outside <see cref="Properties"/>.</summary>
    public SchemaNode? Unknown { get; set; }

    /// <summary>Only text is right here: pieces of it may be passed on before its end is seen.</summary>
    public bool IsText => Types == SchemaTypes.String;

    public bool Is(SchemaTypes type) => (Types & type) != 0;
}
