using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Templates;

/// <summary>
/// JSON read as Python's json.loads() reads it: key order kept, the last of equal keys wins, integers of any size,
/// lone surrogates replaced. Strings get the given origin.
/// </summary>
internal static class JsonValues
{
    /// <summary>Deeper JSON is refused with a <see cref="JsonException"/>.</summary>
    public const int MaxDepth = 128;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    public static Value Read(string json, int origin) => Read(Encoding.UTF8.GetBytes(json), origin);

    public static Value Read(ReadOnlySpan<byte> utf8, int origin)
    {
        var reader = new Utf8JsonReader(utf8, Options);
        reader.Read();
        Value value = ReadValue(ref reader, origin);
        // Throws where something follows the value.
        reader.Read();
        return value;
    }

    public static Value Read(JsonElement element, int origin)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dictionary = new DictionaryValue();
                foreach (JsonProperty property in element.EnumerateObject())
                    dictionary.Set(StringValue.Marked(property.Name, origin), Read(property.Value, origin));
                return dictionary;
            case JsonValueKind.Array:
                var items = new List<Value>(element.GetArrayLength());
                foreach (JsonElement item in element.EnumerateArray())
                    items.Add(Read(item, origin));
                return new ListValue(items);
            case JsonValueKind.String:
                return StringValue.Marked(element.GetString()!, origin);
            case JsonValueKind.Number:
                return ReadNumber(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return BooleanValue.Of(element.GetBoolean());
            default:
                return NoneValue.Instance;
        }
    }

    private static Value ReadValue(ref Utf8JsonReader reader, int origin)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var dictionary = new DictionaryValue();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = StringValue.Marked(ReadText(ref reader), origin);
                    reader.Read();
                    dictionary.Set(key, ReadValue(ref reader, origin));
                }

                return dictionary;
            case JsonTokenType.StartArray:
                var items = new List<Value>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    items.Add(ReadValue(ref reader, origin));
                return new ListValue(items);
            case JsonTokenType.String:
                return StringValue.Marked(ReadText(ref reader), origin);
            case JsonTokenType.Number:
                return ReadNumber(Encoding.ASCII.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False:
                return BooleanValue.Of(reader.TokenType == JsonTokenType.True);
            default:
                return NoneValue.Instance;
        }
    }

    private static Value ReadNumber(string text)
    {
        if (text.AsSpan().IndexOfAny(".eE") >= 0)
            return new FloatValue(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
        return text.Length < 19
            ? IntegerValue.Of(long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            : IntegerValue.Of(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    private static string ReadText(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Encoding.UTF8.GetString(reader.ValueSpan);
        string raw = Encoding.UTF8.GetString(reader.ValueSpan);
        var text = new StringBuilder(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            char escape = raw[++i];
            if (escape != 'u')
            {
                text.Append(Unescape(escape));
                continue;
            }

            text.Append((char)int.Parse(raw.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            i += 4;
        }

        return WithoutLoneSurrogates(text);
    }

    private static char Unescape(char escape) => escape switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\b',
        'f' => '\f',
        _ => escape,
    };

    private static string WithoutLoneSurrogates(StringBuilder text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else
                text[i] = '\uFFFD';
        }

        return text.ToString();
    }
}
