namespace FastMlx.Chat.Output;

/// <summary>
/// A JSON value that keeps member order and the spelling of numbers. A value is built by its reader and then changed
/// only by coercion.
/// </summary>
internal sealed class JsonValue
{
    // Before the values below, which take them when they are made.
    private static readonly List<JsonValue> NoItems = [];
    private static readonly List<KeyValuePair<string, JsonValue>> NoMembers = [];

    public static readonly JsonValue Null = new(JsonKind.Null);
    public static readonly JsonValue True = new(JsonKind.True);
    public static readonly JsonValue False = new(JsonKind.False);

    private JsonValue(JsonKind kind, string text = "")
    {
        Kind = kind;
        Text = text;
    }

    public JsonKind Kind { get; }

    /// <summary>A string's characters or a number's spelling.</summary>
    public string Text { get; }

    /// <summary>An array's items.</summary>
    public List<JsonValue> Items { get; private init; } = NoItems;

    /// <summary>An object's members in order; keys are unique.</summary>
    public List<KeyValuePair<string, JsonValue>> Members { get; private init; } = NoMembers;

    public bool IsScalar => Kind < JsonKind.Array;

    public static JsonValue String(string text) => new(JsonKind.String, text);

    public static JsonValue Number(string spelling) => new(JsonKind.Number, spelling);

    public static JsonValue Array(List<JsonValue> items) => new(JsonKind.Array) { Items = items };

    public static JsonValue Object() => new(JsonKind.Object) { Members = [] };

    public JsonValue? Member(string key)
    {
        foreach ((string name, JsonValue value) in Members)
        {
            if (name == key)
                return value;
        }
        return null;
    }
}
