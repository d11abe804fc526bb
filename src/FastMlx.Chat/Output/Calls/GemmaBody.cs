using System.Buffers;
using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Reads a whole body `{key:value,…}`. Repairs: JSON in Gemma's place, doubled and missing braces, quote tokens lost on
/// either side of a string, strings without any.
/// </summary>
internal sealed class GemmaBody(string text, string quote, CallWriter calls, bool isClosed)
{
    private const int DepthMax = 32;
    private const int KeyMax = 128;

    private static readonly SearchValues<char> NoKey = SearchValues.Create(",{}[]<>\n\"");

    private int _at;

    /// <summary>Writes the arguments; false where the body was cut inside one.</summary>
    public bool Read()
    {
        SkipSpace();
        while (Take('{'))
            SkipSpace();
        while (true)
        {
            SkipSeparators();
            if (_at >= text.Length)
                return isClosed;
            if (text[_at] == '}')
                return true;
            if (ReadKey() is not { } key)
            {
                _at++;
                continue;
            }
            int start = _at;
            if (ReadValue(0, key) is { } value)
                calls.Value(key, value);
            else if (!isClosed)
                return false;
            else if (_at == start)
                _at++;
        }
    }

    private string? ReadKey()
    {
        int start = _at;
        string? wrap = At(quote) ? quote : text[_at] is '"' or '\'' ? text[_at].ToString() : null;
        int from = start + (wrap?.Length ?? 0);
        int colon = text.IndexOf(':', from, Math.Min(KeyMax, text.Length - from));
        if (colon < 0)
            return null;
        string key = text[from..colon].Trim();
        if (wrap is not null && key.EndsWith(wrap, StringComparison.Ordinal))
            key = key[..^wrap.Length];
        if (key.Length == 0 || key.AsSpan().ContainsAny(NoKey))
            return null;
        _at = colon + 1;
        return key;
    }

    /// <summary>
    /// A value; null where it is cut. <paramref name="key"/> is not null at the top, where repairs are possible.
    /// </summary>
    private JsonValue? ReadValue(int depth, string? key)
    {
        SkipSpace();
        if (_at >= text.Length || depth > DepthMax)
            return null;
        if (At(quote))
        {
            _at += quote.Length;
            return ReadString(key is not null);
        }
        return text[_at] switch
        {
            '"' or '\'' => ReadQuoted(text[_at]),
            '{' => ReadObject(depth),
            '[' => ReadArray(depth),
            _ => ReadBare(key is not null),
        };
    }

    /// <summary>A string behind its quote token.</summary>
    private JsonValue? ReadString(bool isTop)
    {
        int start = _at;
        int end;
        for (int from = start; (end = text.IndexOf(quote, from, StringComparison.Ordinal)) >= 0; from = end + 1)
        {
            if (FitsBehind(end + quote.Length))
            {
                _at = end + quote.Length;
                return JsonValue.String(text[start..end]);
            }
            // This token opens the next parameter's string: ours was never closed.
            if (isTop && KeyBefore(end) is { } comma && comma > start)
            {
                _at = comma;
                return JsonValue.String(text[start..comma]);
            }
        }
        return Unclosed(start);
    }

    /// <summary>The rest of a closed body, without what closed it.</summary>
    private JsonValue? Unclosed(int start)
    {
        if (!isClosed)
            return null;
        _at = text.Length;
        string rest = text[start..].TrimEnd();
        rest = rest.EndsWith('}') ? rest[..^1] : rest;
        return JsonValue.String(rest.TrimEnd('`'));
    }

    private JsonValue? ReadQuoted(char mark)
    {
        int start = _at;
        for (int end = _at + 1; end < text.Length; end++)
        {
            if (mark == '"' && text[end] == '\\')
            {
                end++;
                continue;
            }
            if (text[end] != mark)
                continue;
            // A quote token behind the mark is one too many.
            int behind = Is(quote, end + 1) ? end + 1 + quote.Length : end + 1;
            if (!FitsBehind(behind))
                continue;
            _at = behind;
            // Between single quotes a backslash is itself.
            return mark == '\''
                ? JsonValue.String(text[(start + 1)..end])
                : LiteralReader.Parse(Encoding.UTF8.GetBytes(text[start..(end + 1)]));
        }
        _at++;
        return Unclosed(_at);
    }

    private JsonValue? ReadObject(int depth)
    {
        _at++;
        JsonValue result = JsonValue.Object();
        while (true)
        {
            SkipSeparators();
            if (_at >= text.Length)
                return isClosed ? result : null;
            if (Take('}'))
                return result;
            if (text[_at] == ']' || ReadKey() is not { } key)
            {
                _at++;
                continue;
            }
            if (ReadValue(depth + 1, null) is not { } value)
                return isClosed ? result : null;
            if (result.Member(key) is null)
                result.Members.Add(new(key, value));
        }
    }

    private JsonValue? ReadArray(int depth)
    {
        _at++;
        List<JsonValue> items = [];
        while (true)
        {
            SkipSeparators();
            if (_at >= text.Length)
                return isClosed ? JsonValue.Array(items) : null;
            if (Take(']') || text[_at] == '}')
                return JsonValue.Array(items);
            if (ReadValue(depth + 1, null) is not { } item)
                return isClosed ? JsonValue.Array(items) : null;
            items.Add(item);
        }
    }

    /// <summary>A number, a word, or a string whose opening quote token was lost.</summary>
    private JsonValue? ReadBare(bool isTop)
    {
        int end = text.AsSpan(_at).IndexOfAny(",}]");
        string word = text[_at..(end < 0 ? text.Length : _at + end)].Trim();
        bool isCut = end < 0 && !isClosed;
        if (!isCut && LiteralReader.Parse(Encoding.UTF8.GetBytes(word)) is { IsScalar: true } literal)
        {
            _at = end < 0 ? text.Length : _at + end;
            return literal;
        }
        if (isTop)
            return ReadRaw();
        if (isCut)
            return null;
        _at = end < 0 ? text.Length : Math.Max(_at + end, _at + 1);
        return JsonValue.String(word);
    }

    private JsonValue? ReadRaw()
    {
        int start = _at;
        for (int index = _at; index < text.Length; index++)
        {
            if (text[index] == quote[0] && string.CompareOrdinal(text, index, quote, 0, quote.Length) == 0
                && FitsBehind(index + quote.Length))
            {
                _at = index + quote.Length;
                return JsonValue.String(text[start..index]);
            }
            if (text[index] == ',' && DeclaredKeyAt(index + 1))
            {
                _at = index;
                return JsonValue.String(text[start..index].Trim());
            }
        }
        return Unclosed(start) is { } rest ? JsonValue.String(rest.Text.Trim()) : null;
    }

    /// <summary>What stands behind a string's end: a comma with a key or anything, a closer, or the end.</summary>
    private bool FitsBehind(int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
        return at >= text.Length ? isClosed : text[at] is ',' or '}' or ']' or ':';
    }

    /// <summary>The comma of `,key:` directly before this place, if the key is a parameter.</summary>
    private int? KeyBefore(int end)
    {
        int from = Math.Max(0, end - KeyMax);
        int comma = text.LastIndexOf(',', end - 1, end - from);
        return comma >= 0 && DeclaredKeyAt(comma + 1) && text[(comma + 1)..end].TrimEnd().EndsWith(':') ? comma : null;
    }

    private bool DeclaredKeyAt(int at)
    {
        int colon = at < text.Length ? text.IndexOf(':', at, Math.Min(KeyMax, text.Length - at)) : -1;
        if (colon < 0)
            return false;
        string key = text[at..colon].Trim().Trim('"');
        return calls.Tool?.Declares(key) == true && !calls.Has(key);
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            _at++;
    }

    private void SkipSeparators()
    {
        while (_at < text.Length && (char.IsWhiteSpace(text[_at]) || text[_at] == ','))
            _at++;
    }

    private bool Take(char wanted)
    {
        if (_at >= text.Length || text[_at] != wanted)
            return false;
        _at++;
        return true;
    }

    private bool At(string wanted) => Is(wanted, _at);

    private bool Is(string wanted, int at) => string.CompareOrdinal(text, at, wanted, 0, wanted.Length) == 0;
}
