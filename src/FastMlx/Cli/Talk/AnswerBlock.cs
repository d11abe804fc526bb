using System.Text;
using System.Text.Json;

namespace FastMlx.Cli.Talk;

/// <summary>One content block of an answer while it grows.</summary>
internal sealed class AnswerBlock
{
    public string Type { get; private init; } = "";

    public string Id { get; private init; } = "";

    public string Name { get; private init; } = "";

    public string Signature { get; set; } = "";

    /// <summary>Text, thought, or the JSON of a call's input.</summary>
    public StringBuilder Text { get; } = new();

    public string Json => Text.Length == 0 ? "{}" : Text.ToString();

    public static AnswerBlock Of(JsonElement start) => new()
    {
        Type = start.GetProperty("type").GetString()!,
        Id = start.TryGetProperty("id", out JsonElement id) ? id.GetString()! : "",
        Name = start.TryGetProperty("name", out JsonElement name) ? name.GetString()! : "",
    };

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, Type);
        switch (Type)
        {
            case "text":
                json.WriteString("text"u8, Text.ToString());
                break;
            case "thinking":
                json.WriteString("thinking"u8, Text.ToString());
                json.WriteString("signature"u8, Signature);
                break;
            case "tool_use":
                json.WriteString("id"u8, Id);
                json.WriteString("name"u8, Name);
                json.WritePropertyName("input"u8);
                json.WriteRawValue(Json);
                break;
        }

        json.WriteEndObject();
    }
}
