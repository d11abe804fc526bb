namespace FastMlx.Chat.Output;

/// <summary>
/// Finds a body's end. A closing tag inside a string is text, unless the string's own end was lost: then a brace stands
/// before the tag, and behind it the text ends or more markup follows.
/// </summary>
internal sealed class GemmaScanner(OutputReader reader, GemmaTags tags)
{
    private bool _isInString;

    // A closing tag that would do, should no better one come.
    private GemmaEnd? _soft;

    public async Flow<GemmaEnd> FindEndAsync()
    {
        int at = 0;
        while (await reader.Need(at + 1))
        {
            int tag = reader.Data[at..].IndexOf((byte)'<');
            at = tag < 0 ? reader.Length : at + tag;
            if (tag < 0)
                continue;
            var look = new LookAhead(reader, at);
            if (await look.IsAtAsync(tags.Quote))
            {
                _isInString = !_isInString;
                at += tags.Quote.Length;
                continue;
            }
            if (await look.IsAtAsync(tags.Close))
            {
                var end = new GemmaEnd(at, tags.Close.Length, true);
                if (!_isInString || await IsLostStringAsync(end))
                    return end;
            }
            else if (await look.IsAtAsync(tags.Open) || await look.IsAtAsync(tags.Response))
            {
                if (!_isInString || _soft is not null)
                    return _soft ?? new GemmaEnd(at, 0, true);
            }
            at++;
        }
        return _soft ?? new GemmaEnd(reader.Length, 0, false);
    }

    private async Flow<bool> IsLostStringAsync(GemmaEnd end)
    {
        ReadOnlySpan<byte> body = reader.Data[..end.BodyBytes];
        body = body[..^Space.Trailing(body)];
        if (!body.EndsWith("}"u8))
            return false;
        _soft ??= end;
        int next = await new LookAhead(reader, end.BodyBytes + end.TagBytes).PeekAsync();
        return next is -1 or '<';
    }
}
