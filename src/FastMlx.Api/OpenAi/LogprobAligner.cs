namespace FastMlx.Api;

/// <summary>
/// Finds the tokens that a visible text consists of, so that the texts of the tokens told, joined, are that text.
/// Tokens come first, the text that they make later, without markup, blanks at its ends or what a stop string cut. One
/// answer, one thread.
/// </summary>
internal sealed class LogprobAligner
{
    private readonly Queue<TokenLogprob> _waiting = [];
    private readonly List<TokenLogprob> _matched = [];
    private int _start; // of the first one that waits: bytes that the text does not have
    private int _used;  // [_start, _used) of it stand in the text

    public void Add(TokenLogprob token) => _waiting.Enqueue(token);

    /// <summary>What was said was no text: its tokens are let go, but for the newest, which may end in text.</summary>
    public void Drop()
    {
        while (_waiting.Count > 1)
            Next();
    }

    /// <summary>The tokens that end in this text; the list lives until the next call.</summary>
    public IReadOnlyList<TokenLogprob> Take(ReadOnlySpan<byte> utf8)
    {
        _matched.Clear();
        while (!utf8.IsEmpty && _waiting.TryPeek(out TokenLogprob? token))
        {
            ReadOnlySpan<byte> rest = token.Bytes.Span[_used..];
            int common = rest.CommonPrefixLength(utf8);
            if (common == rest.Length && common > 0)
            {
                _used += common;
                utf8 = utf8[common..];
                Match();
            }
            else if (common == utf8.Length)
            {
                _used += common;
                break;
            }
            else if (_used > _start)
            {
                Match();
            }
            else
            {
                utf8 = utf8[Skip(token, rest, utf8)..];
            }
        }

        return _matched;
    }

    /// <summary>At a text's end: a token of which the text has only the beginning.</summary>
    public IReadOnlyList<TokenLogprob> TakeBegun()
    {
        _matched.Clear();
        if (_used > _start)
            Match();
        return _matched;
    }

    // The token does not begin as the text does. Returns the bytes of text that are dealt with.
    private int Skip(TokenLogprob token, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> utf8)
    {
        // Bytes that are no character stand in the text as one.
        if (rest.Length > 0 && rest[0] >= 0x80 && utf8.StartsWith("\uFFFD"u8))
        {
            _used = token.Bytes.Length;
            Match();
            return 3;
        }

        // Blanks in front of a text are taken from it.
        int blanks = rest.IndexOfAnyExcept(" \t\r\n"u8);
        if (blanks > 0 && rest[blanks..].CommonPrefixLength(utf8) == Math.Min(rest.Length - blanks, utf8.Length))
            _start = _used += blanks;
        else
            Next();
        return 0;
    }

    private void Match()
    {
        TokenLogprob token = _waiting.Peek();
        bool isWhole = _start == 0 && _used == token.Bytes.Length;
        _matched.Add(isWhole ? token : token with { Bytes = token.Bytes[_start.._used] });
        Next();
    }

    private void Next()
    {
        _waiting.Dequeue();
        _start = _used = 0;
    }
}
