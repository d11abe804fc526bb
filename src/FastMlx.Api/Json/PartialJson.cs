using System.Text.Json;

namespace FastMlx.Api;

/// <summary>Makes an object of a JSON text that was cut off.</summary>
internal static class PartialJson
{
    /// <summary>
    /// The text itself where it is one object, else an object of its first complete pairs ("{}" at worst).
    /// </summary>
    public static byte[] CompletePairs(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false,
            new JsonReaderState(new JsonReaderOptions { MaxDepth = 128 }));
        int end = 0;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return "{}"u8.ToArray();
            end = (int)reader.BytesConsumed;
            while (reader.Read())
            {
                if (reader.CurrentDepth == 0)
                    return json[..(int)reader.BytesConsumed].ToArray();
                if (reader.CurrentDepth == 1 && reader.TokenType != JsonTokenType.PropertyName
                    && !IsOpening(reader.TokenType))
                    end = (int)reader.BytesConsumed;
            }
        }
        catch (JsonException)
        {
            // What is behind the last good pair is not worth telling: it is cut off.
        }
        return [.. json[..end], (byte)'}'];
    }

    private static bool IsOpening(JsonTokenType type) => type is JsonTokenType.StartObject or JsonTokenType.StartArray;
}
