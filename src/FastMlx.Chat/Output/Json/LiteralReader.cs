using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Reads JSON as models write it, incrementally: valid JSON exactly, and beside it Python literals, raw line breaks,
/// unescaped inner quotes, unknown escapes, doubled braces, bare keys, and containers left open before one of the
/// format's markers. Depth and node count are capped: what it reads is untrusted.
/// </summary>
internal sealed class LiteralReader(OutputReader input, IReadOnlyList<byte[]> stops)
{
    private const int DepthMax = 64;
    private const int NodesMax = 200_000;
    private const int KeyBytesMax = 256;

    private readonly Utf8Text _text = new();
    private readonly LiteralStrings _strings = new(input, stops);
    private int _nodes;

    /// <summary>Of the container that was read last, or of the reading as a whole where a read gave null.</summary>
    public LiteralState State { get; private set; }

    public LiteralStrings Strings => _strings;

    /// <summary>Parses a whole text; null where it is not exactly one literal.</summary>
    public static JsonValue? Parse(ReadOnlySpan<byte> text)
    {
        OutputReader reader = OutputReader.Over(text);
        JsonValue? value = new LiteralReader(reader, []).ReadAsync(0, StringPlace.Argument).GetResult();
        return value is not null && Space.Trim(reader.Data).IsEmpty ? value : null;
    }

    /// <summary>The next byte that is no white space, not consumed; -1 at the end.</summary>
    public async Flow<int> PeekAsync()
    {
        while (await input.Need(1))
        {
            int space = 0;
            while (space < input.Length && Space.IsAscii(input[space]))
                space++;
            input.Skip(space);
            if (input.Length > 0)
                return input[0];
        }
        return -1;
    }

    /// <summary>One value, or null (see <see cref="State"/>).</summary>
    public async Flow<JsonValue?> ReadAsync(int depth, StringPlace place)
    {
        if (depth >= DepthMax || ++_nodes > NodesMax)
            return Fail(LiteralState.Broken);
        int first = await PeekAsync();
        switch (first)
        {
            case -1:
                return Fail(LiteralState.Cut);
            case '{':
                return await ReadObjectAsync(depth);
            case '[' or '(':
                return await ReadArrayAsync(depth, first == '[' ? (byte)']' : (byte)')');
            case '"' or '\'':
                _text.Clear();
                return await _strings.CopyAsync(place, _text, null)
                    ? JsonValue.String(_text.ToString())
                    : Fail(LiteralState.Cut);
            default:
                return await ReadWordAsync();
        }
    }

    /// <summary>Consumes an object's opening brace; returns how many more came before its first key.</summary>
    public async Flow<int> OpenObjectAsync()
    {
        int extra = -1;
        do
        {
            input.Skip(1);
            extra++;
        }
        while (extra < 4 && await PeekAsync() == '{');
        State = LiteralState.Open;
        return extra;
    }

    /// <summary>Consumes the closing braces that answer doubled opening ones.</summary>
    public async Flow<bool> CloseExtraAsync(int extra)
    {
        while (extra-- > 0 && await PeekAsync() == '}')
            input.Skip(1);
        return true;
    }

    /// <summary>The next member's key with its colon consumed; null at the object's end or where it breaks.</summary>
    public async Flow<string?> NextKeyAsync()
    {
        int next = await PeekAsync();
        while (next == ',')
        {
            input.Skip(1);
            next = await PeekAsync();
        }
        if (await ClosesAsync(next, (byte)'}'))
            return null;
        string? key = next is '"' or '\'' ? await ReadKeyAsync() : await ReadBareKeyAsync();
        if (key is null)
            return null;
        next = await PeekAsync();
        if (next != ':')
        {
            State = next < 0 ? LiteralState.Cut : LiteralState.Broken;
            return null;
        }
        input.Skip(1);
        State = LiteralState.Open;
        return key;
    }

    private async Flow<JsonValue?> ReadObjectAsync(int depth)
    {
        int extra = await OpenObjectAsync();
        JsonValue result = JsonValue.Object();
        HashSet<string>? seen = null;
        while (await NextKeyAsync() is { } key)
        {
            JsonValue? value = await ReadAsync(depth + 1, StringPlace.Member);
            if (value is null)
                return null;
            if ((seen ??= []).Add(key))
                result.Members.Add(new(key, value));
        }
        if (State != LiteralState.Closed)
            return null;
        await CloseExtraAsync(extra);
        return result;
    }

    private async Flow<JsonValue?> ReadArrayAsync(int depth, byte close)
    {
        input.Skip(1);
        List<JsonValue> items = [];
        while (true)
        {
            int next = await PeekAsync();
            if (next == ',' && items.Count > 0)
            {
                input.Skip(1);
                continue;
            }
            if (await ClosesAsync(next, close))
                return State == LiteralState.Closed ? JsonValue.Array(items) : null;
            JsonValue? item = await ReadAsync(depth + 1, StringPlace.Item);
            if (item is null)
                return null;
            items.Add(item);
        }
    }

    /// <summary>True where the container ends here (State says how); its own closer is consumed.</summary>
    private async Flow<bool> ClosesAsync(int next, byte close)
    {
        if (next < 0)
        {
            State = LiteralState.Cut;
            return true;
        }
        if (next == close)
        {
            input.Skip(1);
            State = LiteralState.Closed;
            return true;
        }
        // Left open: another container's closer, or the format's own end.
        if (next is not ('}' or ']' or ')') && !await _strings.StopsAtAsync(0))
            return false;
        State = LiteralState.Closed;
        return true;
    }

    private async Flow<string?> ReadKeyAsync()
    {
        var key = new Utf8Text();
        if (await _strings.CopyAsync(StringPlace.Key, key, null))
            return key.ToString();
        State = LiteralState.Cut;
        return null;
    }

    /// <summary>A key without quotes, or with the opening one lost.</summary>
    private async Flow<string?> ReadBareKeyAsync()
    {
        int length = 0;
        while (await input.Need(length + 1) && IsKeyByte(input[length]) && length < KeyBytesMax)
            length++;
        if (length == 0 || length == input.Length || length == KeyBytesMax)
        {
            State = length == input.Length ? LiteralState.Cut : LiteralState.Broken;
            return null;
        }
        string key = Encoding.UTF8.GetString(input.Data[..length]);
        input.Skip(input[length] == '"' ? length + 1 : length);
        return key;
    }

    private async Flow<JsonValue?> ReadWordAsync()
    {
        int length = 0;
        while (await input.Need(length + 1) && IsWordByte(input[length]) && length < KeyBytesMax)
            length++;
        if (length == input.Length && length > 0 && !IsWholeText(length))
            return Fail(LiteralState.Cut);
        JsonValue? value = WordValue(input.Data[..length]);
        if (value is null)
            return Fail(LiteralState.Broken);
        input.Skip(length);
        return value;
    }

    /// <summary>A word that the end of the text ends is whole only where it is the whole literal.</summary>
    private bool IsWholeText(int length) => _nodes == 1 && length == input.Length;

    private static JsonValue? WordValue(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("true"u8) || word.SequenceEqual("True"u8))
            return JsonValue.True;
        if (word.SequenceEqual("false"u8) || word.SequenceEqual("False"u8))
            return JsonValue.False;
        if (word.SequenceEqual("null"u8) || word.SequenceEqual("None"u8))
            return JsonValue.Null;
        return JsonNumber.Normalize(word) is { } number ? JsonValue.Number(number) : null;
    }

    private static bool IsKeyByte(byte value) =>
        value >= 0x80 || char.IsAsciiLetterOrDigit((char)value) || value is (byte)'_' or (byte)'-' or (byte)'$';

    private static bool IsWordByte(byte value) =>
        char.IsAsciiLetterOrDigit((char)value) || value is (byte)'_' or (byte)'-' or (byte)'+' or (byte)'.';

    private JsonValue? Fail(LiteralState state)
    {
        State = state;
        return null;
    }
}
