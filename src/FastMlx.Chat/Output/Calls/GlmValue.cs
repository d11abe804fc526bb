namespace FastMlx.Chat.Output;

/// <summary>One value of a GLM call, verbatim, up to the tag that really ends it.</summary>
internal sealed class GlmValue(OutputSession session, GlmTags tags, string key)
{
    private const int KeyBytesMax = 128;

    private readonly OutputReader _reader = session.Reader;
    private readonly Utf8Text _value = new();
    private bool _isStreaming;

    /// <summary>False where the text ended inside: the call is cut.</summary>
    public async Flow<bool> ReadAsync()
    {
        _isStreaming = session.Calls.SchemaOf(key).IsText;
        if (_isStreaming)
            session.Calls.BeginText(key);
        while (await _reader.Need(1))
        {
            int plain = _reader.Data.IndexOf((byte)'<');
            Take(plain < 0 ? _reader.Length : plain);
            if (plain < 0)
                continue;
            GlmTag tag = await tags.AtAsync(_reader, 0);
            if (tag == GlmTag.End)
            {
                // Inside a tag: no part of the value, whose end has not come.
                _reader.Skip(_reader.Length);
                break;
            }
            if (await EndsAsync(tag))
            {
                End(tag);
                return true;
            }
            Take(tag == GlmTag.None ? 1 : tags[tag].Length);
        }
        session.Calls.Cut();
        return false;
    }

    private async Flow<bool> EndsAsync(GlmTag tag)
    {
        if (tag is GlmTag.None or GlmTag.Separator or GlmTag.ValueOpen or GlmTag.BlockOpen or GlmTag.KeyClose)
            return false;
        int length = tags[tag].Length;
        if (tag == GlmTag.KeyOpen)
            return await IsNewKeyAsync(length);
        GlmTag next = await tags.NextAsync(_reader, length);
        if (tag == GlmTag.BlockClose)
            return next is GlmTag.BlockOpen or GlmTag.End;
        return next is GlmTag.KeyOpen or GlmTag.BlockClose or GlmTag.BlockOpen or GlmTag.End
            || (next == GlmTag.None && await IsNewKeyAsync(length));
    }

    /// <summary>The name of a parameter that the call does not have yet, and the key's closer, stand here.</summary>
    private async Flow<bool> IsNewKeyAsync(int offset)
    {
        var look = new LookAhead(_reader, offset);
        if (await look.TextUntilAsync([(byte)'<'], KeyBytesMax) is not { } text)
            return false;
        string name = text.Trim();
        bool isNew = name.Length > 0 && name != key && !session.Calls.Has(name)
            && session.Calls.Tool?.Declares(name) == true;
        return isNew && await tags.AtAsync(_reader, look.Offset) is GlmTag.KeyClose or GlmTag.ValueOpen;
    }

    private void Take(int count)
    {
        _value.Append(_reader.Data[..count]);
        _reader.Skip(count);
        if (!_isStreaming)
            return;
        // A line break at the end waits: it is not the value's where the closing tag was forgotten.
        int kept = _value.Span.EndsWith("\n"u8) ? 1 : 0;
        session.Calls.Piece(_value.Span[..^kept]);
        _value.Clear();
        if (kept > 0)
            _value.Append((byte)'\n');
    }

    private void End(GlmTag tag)
    {
        if (tag == GlmTag.ValueClose)
            _reader.Skip(tags[tag].Length);
        else if (_value.Span.EndsWith("\n"u8))
            _value.Truncate(_value.Length - 1);
        if (_isStreaming)
        {
            session.Calls.Piece(_value.Span);
            session.Calls.EndText();
        }
        else
        {
            session.Calls.Text(key, _value.Span);
        }
    }
}
