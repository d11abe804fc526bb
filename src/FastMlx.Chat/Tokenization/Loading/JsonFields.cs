using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Reads fields of a component of tokenizer.json; what is missing or of another kind is an error by name.
/// </summary>
internal readonly struct JsonFields
{
    private readonly JsonElement _element;

    public JsonFields(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new TokenizerException($"tokenizer.json: {where} is not an object.");
        _element = element;
        Where = where;
    }

    /// <summary>The component in words, for messages.</summary>
    public string Where { get; }

    public string Type => Text("type");

    public bool Has(string name) => _element.TryGetProperty(name, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null;

    public JsonElement Get(string name) => _element.TryGetProperty(name, out JsonElement value)
        ? value
        : throw new TokenizerException($"tokenizer.json: {Where} lacks the field {name}.");

    public string Text(string name) => Get(name) is { ValueKind: JsonValueKind.String } value
        ? value.GetString()!
        : throw Wrong(name, "a string");

    public string Text(string name, string missing) => Has(name) ? Text(name) : missing;

    public bool Flag(string name) => Get(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    public bool Flag(string name, bool missing) => Has(name) ? Flag(name) : missing;

    public int Number(string name) => Get(name) is { ValueKind: JsonValueKind.Number } value
        && value.TryGetInt32(out int number) && number >= 0
        ? number
        : throw Wrong(name, "a number from 0");

    public int Number(string name, int missing) => Has(name) ? Number(name) : missing;

    /// <summary>One character, as its code point.</summary>
    public int Character(string name)
    {
        string text = Text(name);
        return text.Length > 0 && Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length
            ? rune.Value
            : throw Wrong(name, "one character");
    }

    public JsonElement.ArrayEnumerator List(string name) => Get(name) is { ValueKind: JsonValueKind.Array } value
        ? value.EnumerateArray()
        : throw Wrong(name, "a list");

    public TokenizerException Wrong(string name, string wanted) =>
        new($"tokenizer.json: {name} of {Where} is not {wanted}.");

    public TokenizerException UnknownType() => new($"tokenizer.json: {Where} has the unknown type {Type}.");
}
