namespace FastMlx.Chat.Output;

/// <summary>Reads an answer that is text with markers: the answer's text, reasoning, and calls in both.</summary>
internal sealed class OutputMachine(OutputSession session)
{
    private readonly OutputReader _reader = session.Reader;
    private readonly TextScanner _scanner = session.Scanner;
    private readonly OutputText _text = session.Text;
    private readonly OutputFormat _format = session.Format;

    public async Flow<bool> RunAsync(bool isThinking)
    {
        if (isThinking)
            await ThoughtAsync();
        while (await ContentAsync())
            await ThoughtAsync();
        return true;
    }

    /// <summary>True where reasoning begins, false at the end.</summary>
    private async Flow<bool> ContentAsync()
    {
        await SkipNameAsync();
        while (true)
        {
            switch (_scanner.Next(_format.ContentSet))
            {
                case ScanState.NeedsMore:
                    await _reader.Need(_reader.Length + 1);
                    continue;
                case ScanState.End:
                    return false;
            }
            Marker marker = _scanner.Marker!;
            switch (marker.Kind)
            {
                case MarkerKind.OpenThought:
                    _scanner.Consume();
                    return true;
                case MarkerKind.Call:
                    _scanner.Consume();
                    await marker.Syntax!.ReadAsync(session, marker);
                    AfterCall();
                    break;
                case MarkerKind.MaybeCall:
                    await MaybeCallAsync(marker);
                    break;
                default:
                    Drop(marker);
                    break;
            }
            await SkipNameAsync();
        }
    }

    /// <summary>Drops a tool's name that only announces its call.</summary>
    private async Flow<bool> SkipNameAsync()
    {
        if (_format.NameBefore is not { } marker)
            return false;
        var look = new LookAhead(_reader, 0);
        string? name = await look.TextUntilAsync([(byte)'<', (byte)' ', (byte)'\n'], CallNames.BytesMax);
        if (name is null || !await look.IsAtAsync(marker.Bytes))
            return false;
        _reader.Skip(look.Offset);
        return true;
    }

    private async Flow<bool> MaybeCallAsync(Marker marker)
    {
        if (!await marker.Syntax!.LooksLikeCallAsync(session, _scanner.SpaceBytes, marker))
        {
            if (_scanner.Reject(_format.ContentSet))
                Drop(_scanner.Marker!);
            return false;
        }
        _text.Hold(_reader.Data[.._scanner.SpaceBytes]);
        _reader.Skip(_scanner.SpaceBytes);
        _scanner.Leave();
        if (await marker.Syntax.ReadAsync(session, marker))
        {
            _text.DropHeld();
            AfterCall();
        }
        return true;
    }

    private void AfterCall()
    {
        if (!_format.KeepsSpaceAfterCalls)
            _text.Trim();
    }

    private void Drop(Marker marker)
    {
        session.HasStrayClose |= marker.Kind == MarkerKind.CloseThought && !session.HasThought;
        if (marker.Kind == MarkerKind.Wrapper || (marker.Kind == MarkerKind.OpenThought && _text.IsAtStart))
            _text.Trim();
        else
            _text.Hold(_reader.Data[.._scanner.SpaceBytes]);
        _scanner.Consume();
    }

    /// <summary>Reads reasoning up to its end.</summary>
    private async Flow<bool> ThoughtAsync()
    {
        session.HasThought = true;
        _text.Turn(toThinking: true);
        while (true)
        {
            switch (_scanner.Next(_format.ThoughtSet))
            {
                case ScanState.NeedsMore:
                    await _reader.Need(_reader.Length + 1);
                    continue;
                case ScanState.End:
                    return false;
            }
            Marker marker = _scanner.Marker!;
            switch (marker.Kind)
            {
                case MarkerKind.CloseThought:
                    _scanner.Consume();
                    _text.Turn(toThinking: false);
                    return true;
                case MarkerKind.Call or MarkerKind.MaybeCall:
                    if (await ThoughtCallAsync(marker))
                        return true;
                    break;
                default:
                    Drop(marker);
                    break;
            }
        }
    }

    /// <summary>
    /// A call in reasoning is real if the reasoning never ends, and only thought if it does; so what follows is held
    /// until one of the two is seen. True where the reasoning is over.
    /// </summary>
    private async Flow<bool> ThoughtCallAsync(Marker marker)
    {
        int body = _scanner.SpaceBytes + (marker.Kind == MarkerKind.Call ? marker.Bytes.Length : 0);
        if (!await marker.Syntax!.LooksLikeCallAsync(session, body, marker))
        {
            if (_format.KeepsThoughtCalls)
                _scanner.Pass(_scanner.SpaceBytes + marker.Bytes.Length);
            else if (marker.Kind == MarkerKind.Call || _scanner.Reject(_format.ThoughtSet))
                Drop(_scanner.Marker!);
            return false;
        }
        (int end, int closeBytes) = await FindCloseAsync(_scanner.SpaceBytes);
        if (end < 0)
        {
            _reader.Skip(_scanner.SpaceBytes);
            _scanner.Leave();
            _text.Turn(toThinking: false);
            return true;
        }
        PassThought(end);
        _reader.Skip(closeBytes);
        _text.Turn(toThinking: false);
        return true;
    }

    /// <summary>Passes on reasoning that contains calls which were only thought.</summary>
    private void PassThought(int end)
    {
        ReadOnlySpan<byte> thought = _reader.Data[..end];
        thought = thought[..^Space.Trailing(thought)];
        if (_format.KeepsThoughtCalls)
        {
            _text.Write(thought);
        }
        else
        {
            var none = new CallPolicy { CountMax = 0 };
            var inner = new OutputSession(_format, session.Tools, new ThoughtSink(_text), none);
            inner.Reader.Append(thought);
            inner.Reader.Finish();
            new OutputMachine(inner).RunAsync(isThinking: false).GetResult();
        }
        _reader.Skip(end);
        _scanner.Leave();
    }

    /// <summary>The first end of reasoning at or behind this offset and its length; -1 where there is none.</summary>
    private async Flow<(int End, int Bytes)> FindCloseAsync(int from)
    {
        int longest = _format.Thoughts.Max(tags => System.Text.Encoding.UTF8.GetByteCount(tags.Close));
        while (true)
        {
            int end = -1;
            int bytes = 0;
            foreach (Marker marker in _format.ThoughtSet.Markers)
            {
                int at = marker.Kind == MarkerKind.CloseThought ? _reader.Data[from..].IndexOf(marker.Bytes) : -1;
                if (at < 0 || (end >= 0 && from + at >= end))
                    continue;
                end = from + at;
                bytes = marker.Bytes.Length;
            }
            if (end >= 0)
                return (end, bytes);
            from = Math.Max(from, _reader.Length - longest + 1);
            if (!await _reader.Need(_reader.Length + 1))
                return (-1, 0);
        }
    }
}
