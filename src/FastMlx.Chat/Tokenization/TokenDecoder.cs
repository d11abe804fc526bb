using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Decodes ids one by one into UTF-8 that never splits a character. The pieces joined, with the flush, are exactly what
/// decoding all ids at once gives. What cannot be known yet is held: an unfinished character, a run of byte tokens.
/// One stream at a time, one thread at a time; allocates nothing for a token once its buffers have grown.
/// </summary>
public sealed class TokenDecoder
{
    private readonly TokenVocabulary _vocabulary;
    private readonly bool _skipSpecial;
    private readonly DecodeSink _sink = new();
    private readonly DecodeStep _chain;

    public TokenDecoder(HfTokenizer tokenizer, bool skipSpecial)
    {
        _vocabulary = tokenizer.Vocabulary;
        _skipSpecial = skipSpecial;
        _chain = tokenizer.DecoderPlan.Create(_sink);
    }

    /// <summary>
    /// The text that is certain after this id; it lives until the next call. Unknown ids give nothing.
    /// </summary>
    public ReadOnlySpan<byte> Push(int id)
    {
        _sink.Text.Clear();
        PushToken(id);
        return _sink.Text.Span;
    }

    /// <summary>The end: what was held. Afterwards the decoder is ready for another stream.</summary>
    public ReadOnlySpan<byte> Flush()
    {
        _sink.Text.Clear();
        _chain.End();
        // The sink's text must outlive the reset.
        int length = _sink.Text.Length;
        _chain.Reset();
        return _sink.Text.Array.AsSpan(0, length);
    }

    /// <summary>Forgets the stream.</summary>
    public void Reset() => _chain.Reset();

    internal string DecodeAll(ReadOnlySpan<int> ids)
    {
        _chain.Reset();
        foreach (int id in ids)
            PushToken(id);
        _chain.End();
        string text = Encoding.UTF8.GetString(_sink.Text.Span);
        _chain.Reset();
        return text;
    }

    private void PushToken(int id)
    {
        if (_vocabulary.TryGetText(id, out ReadOnlySpan<byte> token) && !(_skipSpecial && _vocabulary.IsSpecial(id)))
            _chain.Push(token);
    }
}
