using System.Diagnostics.CodeAnalysis;

namespace FastMlx.Chat.Templates;

/// <summary>
/// Cuts a template into tokens as jinja2's lexer does with trim_blocks and lstrip_blocks on and
/// keep_trailing_newline off.
/// </summary>
internal sealed class Lexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _open = new();
    private readonly int _maxNesting;
    private int _at;
    private int _line = 1;

    // The last match ended with a line break: only white space lies between it and a tag that begins here.
    private bool _lineStarting = true;

    private Lexer(string source, int maxNesting)
    {
        _source = source;
        _maxNesting = maxNesting;
    }

    public static List<Token> Tokenize(string source, int maxNesting)
    {
        string normal = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (normal.EndsWith('\n'))
            normal = normal[..^1];
        var lexer = new Lexer(normal, maxNesting);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int tag = NextTag(_at);
            if (tag < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                break;
            }

            ReadTag(tag);
        }

        Add(TokenKind.End, "");
    }

    private int NextTag(int from)
    {
        while (true)
        {
            int brace = _source.IndexOf('{', from);
            if (brace < 0 || brace + 1 >= _source.Length)
                return -1;
            if (_source[brace + 1] is '{' or '%' or '#')
                return brace;
            from = brace + 1;
        }
    }

    private void ReadTag(int tag)
    {
        char kind = _source[tag + 1];
        if (kind == '%' && TryReadRaw(tag))
            return;
        int after = tag + 2;
        char sign = after < _source.Length && _source[after] is '-' or '+' ? _source[after] : '\0';
        AddData(_source[_at..tag], sign, mayStrip: kind != '{');
        Advance(tag, sign == 0 ? after : after + 1);
        switch (kind)
        {
            case '#':
                SkipComment();
                break;
            case '%':
                Add(TokenKind.BlockBegin, "{%");
                ReadExpression('%', TokenKind.BlockEnd);
                break;
            default:
                Add(TokenKind.VariableBegin, "{{");
                ReadExpression('}', TokenKind.VariableEnd);
                break;
        }
    }

    /// <summary>Template text before a tag, with the white space control of the tag's sign applied.</summary>
    private void AddData(string text, char sign, bool mayStrip)
    {
        string kept = text;
        if (sign == '-')
        {
            int end = text.Length;
            while (end > 0 && PythonCharacters.IsSpace(text[end - 1]))
                end--;
            kept = text[..end];
        }
        else if (sign != '+' && mayStrip)
        {
            int lineStart = text.LastIndexOf('\n') + 1;
            bool atLineStart = lineStart > 0 || _lineStarting;
            if (atLineStart && lineStart < text.Length && IsSpace(text, lineStart))
                kept = text[..lineStart];
        }

        if (kept.Length > 0)
            Add(TokenKind.Data, kept);
        CountLines(text);
    }

    private bool TryReadRaw(int tag)
    {
        int at = tag + 2;
        char sign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : '\0';
        at = SkipSpace(at);
        if (!StartsWith(at, "raw"))
            return false;
        at = SkipSpace(at + 3);
        if (StartsWith(at, "-%}"))
            at = SkipSpace(at + 3);
        else if (StartsWith(at, "%}"))
            at += 2;
        else
            return false;
        AddData(_source[_at..tag], sign, mayStrip: true);
        Advance(tag, at);
        ReadRawBody();
        return true;
    }

    private void ReadRawBody()
    {
        for (int tag = _source.IndexOf("{%", _at, StringComparison.Ordinal); tag >= 0;
            tag = _source.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            int at = tag + 2;
            char sign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : '\0';
            at = SkipSpace(at);
            if (!StartsWith(at, "endraw"))
                continue;
            int end = TagEnd(SkipSpace(at + 6), '%', mayTrim: true);
            if (end < 0)
                continue;
            AddData(_source[_at..tag], sign, mayStrip: true);
            Advance(tag, end);
            return;
        }

        Fail("Missing end of raw directive");
    }

    private void SkipComment()
    {
        for (int at = _source.IndexOf("#}", _at, StringComparison.Ordinal); at >= 0;)
        {
            int start = at > _at && _source[at - 1] is '-' or '+' ? at - 1 : at;
            Advance(_at, TagEnd(start, '#', mayTrim: true));
            return;
        }

        Fail("Missing end of comment tag");
    }

    /// <summary>Where the text goes on after the tag's end that begins here, or -1 where none does.</summary>
    private int TagEnd(int at, char mark, bool mayTrim)
    {
        if (mayTrim && StartsWith(at, ['+', mark, '}']))
            return at + 3;
        if (StartsWith(at, ['-', mark, '}']))
            return SkipSpace(at + 3);
        if (!StartsWith(at, [mark, '}']))
            return -1;
        int end = at + 2;
        return mayTrim && end < _source.Length && _source[end] == '\n' ? end + 1 : end;
    }

    private void ReadExpression(char mark, TokenKind endKind)
    {
        _open.Clear();
        while (_at < _source.Length)
        {
            int end = _open.Count == 0 ? TagEnd(_at, mark, mayTrim: mark == '%') : -1;
            if (end >= 0)
            {
                Add(endKind, "");
                Advance(_at, end);
                return;
            }

            ReadToken();
        }
    }

    private void ReadToken()
    {
        char first = _source[_at];
        if (PythonCharacters.IsSpace(first))
            Advance(_at, SkipSpace(_at));
        else if (char.IsDigit(first) && NumberLexer.TryRead(_source, _at, out int numberEnd, out bool isFloat))
            Take(isFloat ? TokenKind.Float : TokenKind.Integer, numberEnd);
        else if (IsNamePart(_at))
            ReadName();
        else if (first is '\'' or '"')
            ReadText(first);
        else
            ReadOperator(first);
    }

    private void ReadName()
    {
        int end = _at;
        while (end < _source.Length && IsNamePart(end))
            end += StringValue.UnitsAt(_source, end);
        if (!PythonCharacters.IsIdentifier(_source[_at..end]))
            Fail("Invalid character in identifier");
        Take(TokenKind.Name, end);
    }

    private bool IsNamePart(int at) => PythonCharacters.IsWord(_source, at)
        || char.GetUnicodeCategory(_source[at]) is System.Globalization.UnicodeCategory.NonSpacingMark
            or System.Globalization.UnicodeCategory.SpacingCombiningMark;

    private void ReadText(char quote)
    {
        int end = _at + 1;
        while (end < _source.Length && _source[end] != quote)
            end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length)
            Fail($"unexpected char {PythonText.Quote(quote.ToString())} at {_at}");
        string raw = _source[(_at + 1)..end];
        string? value = StringEscapes.Decode(raw);
        if (value is null)
            Fail("invalid escape in string");
        Add(TokenKind.Text, value);
        Advance(_at, end + 1);
    }

    private void ReadOperator(char first)
    {
        int length = StartsWith(_at, "//") || StartsWith(_at, "**") || StartsWith(_at, "==") || StartsWith(_at, "!=")
            || StartsWith(_at, ">=") || StartsWith(_at, "<=") ? 2 : 1;
        if (length == 1 && !"+-/*%~[](){}><=.:|,;".Contains(first))
            Fail($"unexpected char {PythonText.Quote(first.ToString())} at {_at}");
        switch (first)
        {
            case '{' or '(' or '[':
                _open.Push(first == '{' ? '}' : first == '(' ? ')' : ']');
                if (_open.Count > _maxNesting)
                    throw new TemplateException(TemplateErrorKind.Limit, "too many brackets are open", _line);
                break;
            case '}' or ')' or ']':
                if (_open.Count == 0)
                    Fail($"unexpected '{first}'");
                char expected = _open.Pop();
                if (expected != first)
                    Fail($"unexpected '{first}', expected '{expected}'");
                break;
        }

        Take(TokenKind.Operator, _at + length);
    }

    private void Take(TokenKind kind, int end)
    {
        Add(kind, _source[_at..end]);
        Advance(_at, end);
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private void Advance(int from, int to)
    {
        CountLines(_source.AsSpan(from, to - from));
        if (to > from)
            _lineStarting = _source[to - 1] == '\n';
        _at = to;
    }

    private void CountLines(ReadOnlySpan<char> text) => _line += text.Count('\n');

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonCharacters.IsSpace(_source[at]))
            at++;
        return at;
    }

    private static bool IsSpace(string text, int from)
    {
        for (int i = from; i < text.Length; i++)
        {
            if (!PythonCharacters.IsSpace(text[i]))
                return false;
        }

        return true;
    }

    private bool StartsWith(int at, ReadOnlySpan<char> text) =>
        at <= _source.Length && _source.AsSpan(at).StartsWith(text, StringComparison.Ordinal);

    [DoesNotReturn]
    private void Fail(string message) => throw new TemplateException(TemplateErrorKind.Syntax, message, _line);
}
