using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Output;

/// <summary>Coercion for those who look inside: one value against one schema.</summary>
public static class ParameterCoercion
{
    /// <summary>
    /// The JSON value that <paramref name="schemaJson"/> makes of a parameter's text, or of a JSON value where
    /// <paramref name="isJson"/>. Throws <see cref="JsonException"/> where a JSON value is none.
    /// </summary>
    public static string Coerce(ReadOnlySpan<byte> raw, string schemaJson, bool isJson)
    {
        SchemaNode schema = SchemaCompiler.Compile(schemaJson);
        // Invalid UTF-8 becomes U+FFFD, as in a model's text.
        byte[] text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(raw));
        if (!isJson)
            return JsonText.ToString(ValueCoercion.FromText(text, schema));
        JsonValue value = LiteralReader.Parse(text) ?? throw new JsonException("The input is no JSON value.");
        return JsonText.ToString(ValueCoercion.FromJson(value, schema));
    }
}
