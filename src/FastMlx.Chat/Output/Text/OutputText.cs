namespace FastMlx.Chat.Output;

/// <summary>
/// Where text that is certain goes: to the reasoning or to the answer, with the white space around markup gone.
/// </summary>
internal sealed class OutputText(IChatEventSink sink)
{
    private readonly Utf8Text _space = new();
    private bool _isTrimming;

    public bool IsThinking { get; private set; }

    /// <summary>No text has come in this section: since the start, or since a tag that trims.</summary>
    public bool IsAtStart { get; private set; } = true;

    /// <summary>The last byte written; a line break at the start.</summary>
    public byte Last { get; private set; } = (byte)'\n';

    /// <summary>Begins a section of the answer or of the reasoning; white space at its start vanishes.</summary>
    public void Turn(bool toThinking)
    {
        IsThinking = toThinking;
        Trim();
    }

    /// <summary>White space from here to the next text vanishes.</summary>
    public void Trim()
    {
        _isTrimming = true;
        IsAtStart = true;
        _space.Clear();
        Last = (byte)'\n';
    }

    /// <summary>White space that counts only if text follows: a marker without meaning stood behind it.</summary>
    public void Hold(ReadOnlySpan<byte> space) => _space.Append(space);

    public void DropHeld() => _space.Clear();

    public void Write(ReadOnlySpan<byte> text)
    {
        if (_isTrimming)
        {
            while (Space.Leading(text) is var size && size > 0)
                text = text[size..];
        }
        if (text.IsEmpty)
            return;
        _isTrimming = false;
        IsAtStart = false;
        if (_space.Length > 0)
        {
            Send(_space.Span);
            _space.Clear();
        }
        Send(text);
        Last = text[^1];
    }

    /// <summary>Text that was read as something else and was none: what is markup in it is left out.</summary>
    public void WriteStripped(ReadOnlySpan<byte> text, MarkerSet markers)
    {
        while (!text.IsEmpty)
        {
            int at = 0;
            Marker? marker = null;
            while (at < text.Length && markers.Candidate(text[at..]) is var step and >= 0)
            {
                at += step;
                marker = markers.MatchMarkup(text[at..]);
                if (marker is not null)
                    break;
                at++;
            }
            if (marker is null)
            {
                Write(text);
                return;
            }
            Write(text[..at]);
            text = text[(at + marker.Bytes.Length)..];
        }
    }

    private void Send(ReadOnlySpan<byte> text)
    {
        if (IsThinking)
            sink.Thinking(text);
        else
            sink.Text(text);
    }
}
