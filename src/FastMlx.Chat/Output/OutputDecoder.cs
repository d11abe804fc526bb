namespace FastMlx.Chat.Output;

/// <summary>
/// The way of one answer from token ids to events: text decoder, parser, stop sequences, thinking budget. One owner,
/// one thread at a time; a token of plain text allocates nothing.
/// </summary>
public sealed class OutputDecoder
{
    private readonly ITokenTextDecoder _decoder;
    private readonly OutputOptions _options;
    private readonly StopFilter _filter;
    private readonly OutputParser _parser;
    private string? _primed;
    private int _thinkingTokens;

    public OutputDecoder(ITokenTextDecoder decoder, OutputOptions options)
    {
        _decoder = decoder;
        _options = options;
        _filter = new StopFilter(options.StopSequences, options.ShowsThinking);
        bool isThinking = options.IsThinking && options.Primed.Length == 0;
        _parser = new OutputParser(options.Format, options.Tools, _filter, options.Calls, isThinking);
        _primed = options.Primed;
    }

    /// <summary>The model is reasoning.</summary>
    public bool IsThinking => _parser.IsThinking;

    /// <summary>Tokens read so far while reasoning was open.</summary>
    public int ThinkingTokens => _thinkingTokens;

    /// <summary>
    /// Reasoning goes on although its budget is spent: the server should end it by continuing the generation behind
    /// <see cref="OutputFormat.ThoughtClose"/>, whose text it hands to <see cref="Inject"/>.
    /// </summary>
    public bool IsOverThinkingBudget =>
        _options.ThinkingTokensMax > 0 && _thinkingTokens >= _options.ThinkingTokensMax && _parser.IsThinking;

    /// <summary>Reads tokens. True: the answer is over (a stop sequence, or all the calls that were wanted).</summary>
    public bool Push(ReadOnlySpan<int> ids, IChatEventSink sink)
    {
        Begin(sink);
        foreach (int id in ids)
        {
            if (_parser.IsThinking)
                _thinkingTokens++;
            _parser.Feed(_decoder.Decode(id));
            if (_filter.Met is not null || _parser.IsFull)
                return true;
        }
        return false;
    }

    /// <summary>Reads text that the server put into the answer itself.</summary>
    public void Inject(ReadOnlySpan<byte> utf8, IChatEventSink sink)
    {
        Begin(sink);
        _parser.Feed(utf8);
    }

    /// <summary>No more tokens come. <paramref name="isTruncated"/>: a limit ended the answer, not the model.</summary>
    public OutputSummary Finish(bool isTruncated, IChatEventSink sink)
    {
        Begin(sink);
        bool endedThinking = _parser.IsThinking;
        _parser.Feed(_decoder.Flush());
        _parser.Finish(isTruncated);
        if (_filter.Met is null)
            _filter.Flush();
        return new OutputSummary
        {
            StopSequence = _filter.Met,
            TruncatedCall = _filter.Met is null ? _parser.TruncatedCall : null,
            ToolCallCount = _filter.CallCount,
            ThinkingTokens = _thinkingTokens,
            EndedThinking = endedThinking,
        };
    }

    private void Begin(IChatEventSink sink)
    {
        _filter.Target = sink;
        if (_primed is null)
            return;
        string primed = _primed;
        _primed = null;
        _parser.Feed(primed);
    }
}
