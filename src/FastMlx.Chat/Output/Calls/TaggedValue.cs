namespace FastMlx.Chat.Output;

/// <summary>
/// One parameter's value up to the tag that really ends it. A tag inside a value is text unless what follows it fits
/// the grammar; tags that the value opens itself are paired with their closers, so that a model can write about its
/// format.
/// </summary>
internal sealed class TaggedValue(OutputSession session, TagDialect dialect)
{
    private const int HeaderBytesMax = 512;

    private readonly OutputReader _reader = session.Reader;
    private readonly CallWriter _calls = session.Calls;
    private readonly Utf8Text _value = new();
    private string _key = "";
    private bool _isStreaming;
    private int _openParameters;
    private int _openFunctions;
    private int _openBlocks;

    /// <summary>The opening tag's stem is consumed. False where the text ended inside: the call is cut.</summary>
    public async Flow<bool> ReadAsync()
    {
        TagHeader? header = await TagReader.HeaderAsync(_reader, dialect, HeaderBytesMax);
        if (header is null)
            return !EndsInHeader() || Cut();
        _key = header.Name;
        SchemaNode schema = _calls.SchemaOf(_key);
        bool saysText = dialect.TextAttribute.Length > 0
            && header.Attributes.Contains(dialect.TextAttribute, StringComparison.Ordinal);
        _isStreaming = schema.IsText || (saysText && schema.Types == SchemaTypes.None);
        if (_isStreaming)
            _calls.BeginText(_key);
        if (dialect.TrimsLineBreak)
            await SkipLineBreakAsync();
        while (await _reader.Need(1))
        {
            if (await StepAsync())
                return End(isJson: header.Attributes.Length > 0 && !saysText);
        }
        return Cut();
    }

    /// <summary>The text ended before the header did; a header that is none is text, which the caller passes.</summary>
    private bool EndsInHeader() =>
        _reader.Final && _reader.Length < HeaderBytesMax && !_reader.Data.Contains((byte)'\n');

    /// <summary>Takes text up to the next tag; true where that tag ends the value.</summary>
    private async Flow<bool> StepAsync()
    {
        int plain = _reader.Data.IndexOf((byte)'<');
        Take(plain < 0 ? _reader.Length : plain);
        if (plain < 0)
            return false;
        DialectTag tag = await TagReader.AtAsync(_reader, dialect, 0);
        bool ends = tag switch
        {
            DialectTag.ParameterClose => await ClosesParameterAsync(),
            DialectTag.ParameterOpen => await OpensParameterAsync(),
            DialectTag.FunctionClose => await ClosesFunctionAsync(),
            DialectTag.FunctionOpen => Opens(ref _openFunctions),
            DialectTag.BlockOpen => Opens(ref _openBlocks),
            DialectTag.BlockClose => await ClosesBlockAsync(),
            DialectTag.Partial => CutsTag(),
            _ => false,
        };
        if (ends)
            return true;
        if (_reader.Length > 0)
            Take(tag < DialectTag.FunctionCloseStem ? dialect[tag].Length : 1);
        return false;
    }

    private async Flow<bool> ClosesParameterAsync()
    {
        int length = dialect[DialectTag.ParameterClose].Length;
        DialectTag next = await TagReader.NextAsync(_reader, dialect, length);
        bool fits = next switch
        {
            DialectTag.FunctionClose or DialectTag.FunctionCloseStem => _openParameters == 0 || _openFunctions == 0,
            DialectTag.ParameterOpen => _openParameters == 0 || await NextIsNewParameterAsync(length),
            DialectTag.BlockClose or DialectTag.BlockOpen or DialectTag.FunctionOpen => _openParameters == 0,
            DialectTag.End => true,
            _ => false,
        };
        if (!fits)
            _openParameters = Math.Max(0, _openParameters - 1);
        else
            _reader.Skip(length);
        return fits;
    }

    private async Flow<bool> OpensParameterAsync()
    {
        // The closing tag was forgotten, if this opens a parameter that the tool has and the call does not.
        if (_openFunctions == 0 && _openParameters == 0 && await NextIsNewParameterAsync(0))
            return true;
        _openParameters++;
        return false;
    }

    private async Flow<bool> ClosesFunctionAsync()
    {
        if (_openFunctions > 0)
        {
            _openFunctions--;
            return false;
        }
        int length = dialect[DialectTag.FunctionClose].Length;
        return await TagReader.NextAsync(_reader, dialect, length)
            is DialectTag.BlockClose or DialectTag.FunctionOpen or DialectTag.BlockOpen or DialectTag.End;
    }

    private async Flow<bool> ClosesBlockAsync()
    {
        if (_openBlocks > 0)
        {
            _openBlocks--;
            return false;
        }
        int length = dialect[DialectTag.BlockClose].Length;
        return _openFunctions == 0
            && await TagReader.NextAsync(_reader, dialect, length) is DialectTag.BlockOpen or DialectTag.End;
    }

    private static bool Opens(ref int count)
    {
        count++;
        return false;
    }

    /// <summary>The text ends inside a tag: it is no part of the value, whose end has not come either.</summary>
    private bool CutsTag()
    {
        _reader.Skip(_reader.Length);
        return false;
    }

    private async Flow<bool> NextIsNewParameterAsync(int offset)
    {
        while (await _reader.Need(offset + 1) && Space.IsAscii(_reader[offset]))
            offset++;
        offset += dialect[DialectTag.ParameterOpen].Length;
        string? key = await TagReader.PeekNameAsync(_reader, dialect, offset, HeaderBytesMax);
        if (key is null || key == _key || _calls.Has(key))
            return false;
        return _calls.Tool?.Parameters.Properties is null
            ? _value.Length == 0 || _value.Span[^1] == '\n'
            : _calls.Tool.Declares(key);
    }

    private async Flow<bool> SkipLineBreakAsync()
    {
        if (await _reader.Need(1) && _reader[0] == '\r')
        {
            if (await _reader.Need(2) && _reader[1] == '\n')
                _reader.Skip(2);
        }
        else if (_reader.Length > 0 && _reader[0] == '\n')
        {
            _reader.Skip(1);
        }
        return true;
    }

    private void Take(int count)
    {
        _value.Append(_reader.Data[..count]);
        _reader.Skip(count);
        if (!_isStreaming)
            return;
        int kept = dialect.TrimsLineBreak ? LineBreakBytes() : 0;
        _calls.Piece(_value.Span[..^kept]);
        Keep(kept);
    }

    private void Keep(int count)
    {
        Span<byte> kept = stackalloc byte[2];
        _value.Span[^count..].CopyTo(kept);
        _value.Clear();
        _value.Append(kept[..count]);
    }

    /// <summary>The line break at the end, which may turn out to be the closing tag's.</summary>
    private int LineBreakBytes()
    {
        ReadOnlySpan<byte> value = _value.Span;
        if (value.EndsWith("\r\n"u8))
            return 2;
        return value.Length > 0 && value[^1] is (byte)'\n' or (byte)'\r' ? 1 : 0;
    }

    private bool End(bool isJson)
    {
        int dropped = dialect.TrimsLineBreak && !_value.Span.EndsWith("\r"u8) ? LineBreakBytes() : 0;
        ReadOnlySpan<byte> value = _value.Span[..^dropped];
        if (_isStreaming)
        {
            _calls.Piece(value);
            _calls.EndText();
        }
        else if (isJson && LiteralReader.Parse(value) is { } literal)
        {
            _calls.Value(_key, literal);
        }
        else
        {
            _calls.Text(_key, value);
        }
        return true;
    }

    private bool Cut()
    {
        _calls.Cut();
        return false;
    }
}
