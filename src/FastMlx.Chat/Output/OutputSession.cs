namespace FastMlx.Chat.Output;

/// <summary>What the parts of one answer's parser share.</summary>
internal sealed class OutputSession
{
    public OutputSession(OutputFormat format, ToolSchemas tools, IChatEventSink sink, CallPolicy policy)
    {
        Format = format;
        Tools = tools;
        Reader = new OutputReader();
        Text = new OutputText(sink);
        Scanner = new TextScanner(Reader, Text);
        Calls = new CallWriter(sink, tools, policy);
        Literals = new LiteralReader(Reader, format.Stops);
        Sink = sink;
    }

    public OutputFormat Format { get; }

    public ToolSchemas Tools { get; }

    public IChatEventSink Sink { get; }

    public OutputReader Reader { get; }

    public OutputText Text { get; }

    public TextScanner Scanner { get; }

    public CallWriter Calls { get; }

    public LiteralReader Literals { get; }

    /// <summary>The answer's end was no end of the model's: a limit cut it.</summary>
    public bool IsTruncated { get; set; }

    /// <summary>Reasoning was open at some time.</summary>
    public bool HasThought { get; set; }

    /// <summary>Reasoning was closed that nobody had opened: the prompt may have done so.</summary>
    public bool HasStrayClose { get; set; }

    /// <summary>What was read since the mark was no call: passed on as text, without the markup in it.</summary>
    public void PassOnMarked()
    {
        ReadOnlySpan<byte> text = Reader.Marked;
        // The last byte may have been the first one of a marker: it is read again.
        int again = text.Length > 1 && Format.ContentSet.Candidate(text[^1..]) == 0 ? 1 : 0;
        Text.WriteStripped(text[..^again], Format.ContentSet);
        Reader.Unmark();
        Reader.Unskip(again);
    }

    /// <summary>Ends a call at the end of the text, where nothing but its closers is missing.</summary>
    public void EndAtEof()
    {
        if (!IsTruncated && Calls.HasRequired())
            Calls.End();
        else
            Calls.Cut();
    }
}
