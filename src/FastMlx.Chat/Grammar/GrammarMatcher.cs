namespace FastMlx.Chat.Grammar;

/// <summary>
/// One answer on its way through a grammar. Where the prompt left a thought open, everything but an end is allowed
/// until the thought closes. The engine's thread.
/// </summary>
public sealed class GrammarMatcher
{
    private readonly JsonGrammar _grammar;
    private readonly byte[] _close;
    private readonly uint[]? _thinking;
    private GrammarState _state;
    private int _closed; // bytes of the closing tag that were just read

    /// <param name="grammar">What the answer must fit.</param>
    /// <param name="thoughtClose">What ends the open thought; empty where none is open.</param>
    public GrammarMatcher(JsonGrammar grammar, string thoughtClose)
    {
        _grammar = grammar;
        _state = grammar.Start;
        _close = System.Text.Encoding.UTF8.GetBytes(thoughtClose);
        IsThinking = _close.Length > 0;
        if (!IsThinking)
            return;
        _thinking = new uint[grammar.Vocabulary.Words];
        Array.Fill(_thinking, uint.MaxValue);
        foreach (int token in grammar.Vocabulary.StopTokens)
            _thinking[token / 32] &= ~(1u << (token % 32));
    }

    public bool IsThinking { get; private set; }

    /// <summary>The answer is complete; more may still be allowed.</summary>
    public bool MayEnd => !IsThinking && _state.MayEnd;

    /// <summary>Bit t: token t may come next. Valid until the next call.</summary>
    public ReadOnlySpan<uint> Mask => IsThinking ? _thinking : _grammar.MaskOf(_state);

    /// <summary>A token came; one that the mask forbids changes nothing.</summary>
    public void Accept(int token)
    {
        GrammarState state = _state;
        foreach (byte value in BytesOf(token))
        {
            if (IsThinking)
            {
                Think(value);
                continue;
            }

            if (_grammar.Next(state, value) is not { } next)
                return;
            state = next;
        }

        _state = state;
    }

    /// <summary>The same answer from its beginning, behind a thought that was ended for it.</summary>
    public GrammarMatcher BehindThought() => new(_grammar, "");

    private byte[] BytesOf(int token) =>
        (uint)token < (uint)_grammar.Vocabulary.Bytes.Length ? _grammar.Vocabulary.Bytes[token] : [];

    // The tag's first byte stands nowhere else in it, or nearly so: a restart may only begin with the byte itself.
    private void Think(byte value)
    {
        _closed = value == _close[_closed] ? _closed + 1 : value == _close[0] ? 1 : 0;
        IsThinking = _closed < _close.Length;
    }
}
