using System.Buffers;
using System.Text;
using System.Text.Json;

namespace FastMlx.Chat;

/// <summary>
/// Tool schemas for templates that walk into every schema and never come back from unions or parts without a type.
/// </summary>
internal static class SchemaSimplifier
{
    private const int MaxDepth = 24;

    /// <summary>Unions become their first branch with a type; parts without a type become strings.</summary>
    public static ToolDefinition Typed(ToolDefinition tool) => Rewrite(tool, MaxDepth);

    /// <summary>Only the parameters themselves, each with its type and description.</summary>
    public static ToolDefinition Flat(ToolDefinition tool) => Rewrite(tool, 1);

    private static ToolDefinition Rewrite(ToolDefinition tool, int depth)
    {
        try
        {
            using JsonDocument schema = JsonDocument.Parse(
                tool.SchemaJson, new JsonDocumentOptions { MaxDepth = 128 });
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
                WriteSchema(writer, schema.RootElement, depth, "object");
            return tool with { SchemaJson = Encoding.UTF8.GetString(buffer.WrittenSpan) };
        }
        catch (JsonException)
        {
            return tool with { SchemaJson = """{"type":"object","properties":{}}""" };
        }
    }

    private static void WriteSchema(Utf8JsonWriter writer, JsonElement schema, int depth, string otherwise)
    {
        JsonElement chosen = Branch(schema);
        string type = TypeOf(chosen) ?? TypeOf(schema) ?? otherwise;
        writer.WriteStartObject();
        writer.WriteString("type", type);
        // Some templates join the description to other text without looking whether there is one.
        bool described = schema.ValueKind == JsonValueKind.Object
            && schema.TryGetProperty("description", out JsonElement text) && text.ValueKind == JsonValueKind.String;
        writer.WriteString("description", described ? schema.GetProperty("description").GetString() : "");
        Copy(writer, chosen, "enum", JsonValueKind.Array);
        if (type == "object")
            WriteProperties(writer, chosen, depth);
        else if (type == "array")
            WriteItems(writer, chosen, depth);
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        writer.WriteStartObject("properties");
        bool has = schema.ValueKind == JsonValueKind.Object
            && schema.TryGetProperty("properties", out JsonElement found) && found.ValueKind == JsonValueKind.Object;
        if (has && depth > 0)
        {
            foreach (JsonProperty property in schema.GetProperty("properties").EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                WriteSchema(writer, property.Value, depth - 1, "string");
            }
        }

        writer.WriteEndObject();
        if (depth > 0)
            Copy(writer, schema, "required", JsonValueKind.Array);
    }

    private static void WriteItems(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        writer.WritePropertyName("items");
        if (depth > 0 && schema.TryGetProperty("items", out JsonElement items)
            && items.ValueKind == JsonValueKind.Object)
        {
            WriteSchema(writer, items, depth - 1, "string");
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type", "string");
        writer.WriteEndObject();
    }

    private static JsonElement Branch(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || TypeOf(schema) is not null)
            return schema;
        foreach (string union in (string[])["anyOf", "oneOf", "allOf"])
        {
            if (!schema.TryGetProperty(union, out JsonElement branches) || branches.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement branch in branches.EnumerateArray())
            {
                if (TypeOf(branch) is not null and not "null")
                    return branch;
            }
        }

        return schema;
    }

    private static string? TypeOf(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out JsonElement type))
            return null;
        if (type.ValueKind == JsonValueKind.String)
            return type.GetString();
        if (type.ValueKind != JsonValueKind.Array)
            return null;
        foreach (JsonElement one in type.EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.String && one.GetString() != "null")
                return one.GetString();
        }

        return null;
    }

    private static void Copy(Utf8JsonWriter writer, JsonElement from, string name, JsonValueKind kind)
    {
        if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out JsonElement value)
            || value.ValueKind != kind)
            return;
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }
}
