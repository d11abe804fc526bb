using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Makes a value what its schema says: the schema decides, never the spelling. What cannot be decided stays as the
/// model wrote it, so that the client's complaint is honest.
/// </summary>
internal static class ValueCoercion
{
    private const int DepthMax = 32;

    /// <summary>From a format that carries no types: the text of a parameter.</summary>
    public static JsonValue FromText(ReadOnlySpan<byte> raw, SchemaNode schema)
    {
        SchemaTypes types = schema.Types;
        string verbatim = Encoding.UTF8.GetString(raw);
        if (types is SchemaTypes.None or SchemaTypes.String)
            return JsonValue.String(verbatim);
        string text = Trimmed(verbatim);
        return AsNull(text, types)
            ?? AsBoolean(text, types)
            ?? AsNumber(text, types)
            ?? AsContainer(text, schema)
            ?? (schema.Is(SchemaTypes.String) ? null : Unwrapped(text, schema))
            ?? JsonValue.String(verbatim);
    }

    /// <summary>From a format that carries types, which models get wrong all the same.</summary>
    public static JsonValue FromJson(JsonValue value, SchemaNode schema, int depth = 0)
    {
        if (depth >= DepthMax)
            return value;
        return value.Kind switch
        {
            JsonKind.String => schema.Types == SchemaTypes.None || schema.Is(SchemaTypes.String)
                ? value
                : FromText(Encoding.UTF8.GetBytes(value.Text), schema),
            JsonKind.Number => FromNumber(value, schema.Types),
            JsonKind.True or JsonKind.False => schema.IsText ? JsonValue.String(JsonText.ToString(value)) : value,
            JsonKind.Array => FromArray(value, schema, depth),
            JsonKind.Object => FromObject(value, schema, depth),
            _ => value,
        };
    }

    private static string Trimmed(string text)
    {
        text = text.Trim();
        return text.EndsWith(',') ? text[..^1].TrimEnd() : text;
    }

    private static JsonValue? AsNull(string text, SchemaTypes types)
    {
        // Beside a string only the exact word is null: "NULL" may be meant as text.
        if ((types & SchemaTypes.String) != 0)
            return (types & SchemaTypes.Null) != 0 && text == "null" ? JsonValue.Null : null;
        return text.Equals("null", StringComparison.OrdinalIgnoreCase)
            || text.Equals("none", StringComparison.OrdinalIgnoreCase)
            ? JsonValue.Null
            : null;
    }

    private static JsonValue? AsBoolean(string text, SchemaTypes types)
    {
        if ((types & SchemaTypes.Boolean) == 0)
            return null;
        string word = text.ToLowerInvariant();
        if (word is "true" or "false")
            return word == "true" ? JsonValue.True : JsonValue.False;
        if ((types & ~(SchemaTypes.Boolean | SchemaTypes.Null)) != 0)
            return null;
        return word switch
        {
            "1" or "yes" or "on" => JsonValue.True,
            "0" or "no" or "off" => JsonValue.False,
            _ => null,
        };
    }

    private static JsonValue? AsNumber(string text, SchemaTypes types)
    {
        if ((types & (SchemaTypes.Integer | SchemaTypes.Number)) == 0)
            return null;
        string? number = JsonNumber.Normalize(Encoding.UTF8.GetBytes(text));
        // Where text is allowed too, "007" is a text.
        if (number is null || ((types & SchemaTypes.String) != 0 && number != text))
            return null;
        if ((types & SchemaTypes.Integer) != 0 && JsonNumber.AsInteger(number) is { } integer)
            return JsonValue.Number(integer);
        bool isText = (types & SchemaTypes.Number) == 0 && (types & SchemaTypes.String) != 0;
        return isText ? null : JsonValue.Number(number);
    }

    private static JsonValue? AsContainer(string text, SchemaNode schema)
    {
        bool fits = (text.StartsWith('[') && schema.Is(SchemaTypes.Array))
            || (text.StartsWith('{') && schema.Is(SchemaTypes.Object))
            || (text.StartsWith('(') && text.EndsWith(')') && schema.Types == SchemaTypes.Array);
        if (!fits || LiteralReader.Parse(Encoding.UTF8.GetBytes(text)) is not { } value)
            return null;
        return FromJson(value, schema);
    }

    /// <summary>A value in quotes of its own: `"42"` for an integer.</summary>
    private static JsonValue? Unwrapped(string text, SchemaNode schema)
    {
        if (text.Length < 3 || text[0] is not ('"' or '\'') || text[^1] != text[0])
            return null;
        if (LiteralReader.Parse(Encoding.UTF8.GetBytes(text)) is not { Kind: JsonKind.String } inner)
            return null;
        JsonValue value = FromText(Encoding.UTF8.GetBytes(inner.Text), schema);
        return value.Kind == JsonKind.String ? null : value;
    }

    private static JsonValue FromNumber(JsonValue value, SchemaTypes types)
    {
        if (types == SchemaTypes.String)
            return JsonValue.String(value.Text);
        if ((types & SchemaTypes.Integer) != 0)
            return JsonNumber.AsInteger(value.Text) is { } integer ? JsonValue.Number(integer) : value;
        if ((types & SchemaTypes.Boolean) != 0 && (types & SchemaTypes.Number) == 0)
            return value.Text == "0" ? JsonValue.False : value.Text == "1" ? JsonValue.True : value;
        return value;
    }

    private static JsonValue FromArray(JsonValue value, SchemaNode schema, int depth)
    {
        if (schema.IsText)
            return JsonValue.String(JsonText.ToString(value));
        if (schema.Items is { } items)
        {
            for (int index = 0; index < value.Items.Count; index++)
                value.Items[index] = FromJson(value.Items[index], items, depth + 1);
        }
        return value;
    }

    private static JsonValue FromObject(JsonValue value, SchemaNode schema, int depth)
    {
        if (schema.IsText)
            return JsonValue.String(JsonText.ToString(value));
        if (schema.Properties is null && schema.Unknown is null)
            return value;
        JsonValue result = JsonValue.Object();
        foreach ((string key, JsonValue member) in value.Members)
        {
            if (schema.Properties is not null && schema.Properties.TryGetValue(key, out SchemaNode? property))
                result.Members.Add(new(key, FromJson(member, property, depth + 1)));
            else if (schema.AllowsUnknown != false)
                result.Members.Add(new(key, FromJson(member, schema.Unknown ?? SchemaNode.Any, depth + 1)));
        }
        return result;
    }
}
