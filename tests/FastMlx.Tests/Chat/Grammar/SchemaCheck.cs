using System.Text.Json;
using System.Text.Json.Nodes;

namespace FastMlx.Tests.Chat.Grammar;

/// <summary>A second opinion: whether a value fits a schema, for the keywords that the grammars enforce.</summary>
internal static class SchemaCheck
{
    public static bool Fits(JsonNode? value, JsonNode? schema, JsonNode root)
    {
        if (schema is not JsonObject fields)
            return true;
        if (fields["$ref"] is JsonNode link)
            return Fits(value, Find(root, (string)link!), root);
        if (fields.TryGetPropertyValue("const", out JsonNode? only) && !JsonNode.DeepEquals(value, only))
            return false;
        if (fields["enum"] is JsonArray values && !values.Any(one => JsonNode.DeepEquals(one, value)))
            return false;
        foreach (string choice in (string[])["anyOf", "oneOf"])
        {
            if (fields[choice] is JsonArray any && !any.Any(one => Fits(value, one, root)))
                return false;
        }

        if (fields["allOf"] is JsonArray all && !all.All(one => Fits(value, one, root)))
            return false;
        string[] types = fields["type"] is JsonArray list ? [.. list.Select(type => (string)type!)]
            : fields["type"] is JsonNode type ? [(string)type!] : [];
        return (types.Length == 0 || types.Any(type => IsOf(value, type))) && FitsKind(value, fields, root);
    }

    private static bool FitsKind(JsonNode? value, JsonObject schema, JsonNode root) => value switch
    {
        JsonObject members => FitsObject(members, schema, root),
        JsonArray items => items.Count >= ((int?)schema["minItems"] ?? 0)
            && items.Count <= ((int?)schema["maxItems"] ?? int.MaxValue)
            && items.All(item => Fits(item, schema["items"], root)),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => FitsText((string)text!, schema),
        _ => true,
    };

    private static bool FitsText(string text, JsonObject schema)
    {
        int length = text.EnumerateRunes().Count();
        return length >= ((int?)schema["minLength"] ?? 0) && length <= ((int?)schema["maxLength"] ?? int.MaxValue);
    }

    private static bool FitsObject(JsonObject value, JsonObject schema, JsonNode root)
    {
        JsonObject named = schema["properties"] as JsonObject ?? [];
        if (schema["required"] is JsonArray required && !required.All(name => value.ContainsKey((string)name!)))
            return false;
        foreach ((string name, JsonNode? member) in value)
        {
            JsonNode? rule = named.ContainsKey(name) ? named[name] : schema["additionalProperties"];
            if (rule is JsonValue closed && closed.GetValueKind() == JsonValueKind.False)
                return false;
            if (!Fits(member, rule, root))
                return false;
        }

        return true;
    }

    private static bool IsOf(JsonNode? value, string type) => (value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && !value!.ToJsonString().AsSpan().ContainsAny(".eE")),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => type == "null",
    };

    private static JsonNode? Find(JsonNode root, string pointer) =>
        pointer[1..].Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode?)root, (at, step) => at?[step]);
}
