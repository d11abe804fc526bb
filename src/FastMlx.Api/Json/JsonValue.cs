using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FastMlx.Api;

/// <summary>One value of a <see cref="JsonTape"/>; default = absent. Dead once the tape is disposed.</summary>
internal readonly struct JsonValue(JsonTape? tape, int index)
{
    private readonly JsonTape? _tape = tape;
    private readonly int _index = index;

    public bool Exists => _tape is not null;

    public JsonTokenType Kind => _tape is null ? JsonTokenType.None : _tape[_index].Kind;

    /// <summary>Absent or null: most fields mean the same by both.</summary>
    public bool IsNull => Kind is JsonTokenType.None or JsonTokenType.Null;

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    public bool IsString => Kind == JsonTokenType.String;

    public bool IsBoolean => Kind is JsonTokenType.True or JsonTokenType.False;

    public bool IsTrue => Kind == JsonTokenType.True;

    private bool IsEscaped => _tape![_index].IsEscaped;

    public bool IsNumber => Kind == JsonTokenType.Number;

    /// <summary>The value as it stands in the body.</summary>
    public ReadOnlySpan<byte> Raw =>
        _tape is null ? default : _tape.Json.Slice(_tape[_index].Start, _tape[_index].Length);

    public string RawText => Encoding.UTF8.GetString(Raw);

    /// <summary>A member of an object, the last where its name stands twice; absent from anything else.</summary>
    public JsonValue this[ReadOnlySpan<byte> name] =>
        IsObject && _tape!.Find(_index, name) is > 0 and int found ? new JsonValue(_tape, found) : default;

    /// <summary>Members of an object; none for anything else.</summary>
    public JsonProperties Properties => new(_tape, IsObject ? _index : -1);

    /// <summary>Items of an array; none for anything else.</summary>
    public JsonItems Items => new(_tape, IsArray ? _index : -1);

    public int CountItems()
    {
        int count = 0;
        foreach (JsonValue _ in Items)
            count++;
        return count;
    }

    public bool TextEquals(ReadOnlySpan<byte> text)
    {
        if (Kind is not (JsonTokenType.String or JsonTokenType.PropertyName))
            return false;
        return IsEscaped ? Encoding.UTF8.GetBytes(Text).AsSpan().SequenceEqual(text) : Raw[1..^1].SequenceEqual(text);
    }

    public bool TextEquals(string ascii)
    {
        if (Kind is not (JsonTokenType.String or JsonTokenType.PropertyName))
            return false;
        return IsEscaped ? Text == ascii : Ascii.Equals(Raw[1..^1], ascii);
    }

    /// <summary>The text of a string or a name.</summary>
    public string Text
    {
        get
        {
            if (!IsEscaped)
                return Encoding.UTF8.GetString(Raw[1..^1]);
            var reader = new Utf8JsonReader(Raw);
            reader.Read();
            return reader.GetString()!;
        }
    }

    public string? TextOrNull => IsString ? Text : null;

    /// <summary>The text's bytes, unescaped; a copy.</summary>
    public byte[] TextBytes()
    {
        if (!IsEscaped)
            return Raw[1..^1].ToArray();
        var reader = new Utf8JsonReader(Raw);
        reader.Read();
        byte[] bytes = new byte[Raw.Length];
        int count = reader.CopyString(bytes);
        return bytes[..count];
    }

    /// <summary>An integral number; 1.0 and 1e2 count.</summary>
    public bool TryInteger(out long value)
    {
        value = 0;
        if (!IsNumber)
            return false;
        if (long.TryParse(Raw, CultureInfo.InvariantCulture, out value))
            return true;
        if (!TryDouble(out double real) || Math.Floor(real) != real || Math.Abs(real) > 1e15)
            return false;
        value = (long)real;
        return true;
    }

    /// <summary>A finite number: 1e400 is none.</summary>
    public bool TryDouble(out double value)
    {
        value = 0;
        return IsNumber
            && double.TryParse(Raw, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value);
    }

    /// <summary>Depth of brackets, this value's own included.</summary>
    public int Depth()
    {
        int deepest = 0;
        foreach (JsonValue item in Items)
            deepest = Math.Max(deepest, item.Depth());
        foreach (JsonMember property in Properties)
            deepest = Math.Max(deepest, property.Value.Depth());
        return IsObject || IsArray ? deepest + 1 : 0;
    }
}
