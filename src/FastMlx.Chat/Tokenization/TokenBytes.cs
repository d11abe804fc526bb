namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The bytes that a single token stands for inside a text: perhaps only part of a character. Of special tokens their
/// written form. One owner, one thread at a time.
/// </summary>
public sealed class TokenBytes
{
    private readonly TokenVocabulary _vocabulary;
    private readonly HfTokenizer _tokenizer;
    private readonly DecodeSink _sink = new();
    private readonly DecodeStep _chain;
    private readonly Dictionary<int, byte[]> _known = [];
    private readonly byte[] _before;

    public TokenBytes(HfTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _vocabulary = tokenizer.Vocabulary;
        _chain = tokenizer.DecoderPlan.Create(_sink);
        // Decoders treat the first token of a text in ways of their own: so each is decoded behind another one.
        _before = tokenizer.TokenToId("a") is { } id && _vocabulary.TryGetText(id, out ReadOnlySpan<byte> text)
            ? text.ToArray()
            : [];
    }

    /// <summary>Empty for an id that the vocabulary does not have.</summary>
    public ReadOnlyMemory<byte> Of(int id)
    {
        if (!_known.TryGetValue(id, out byte[]? bytes))
            _known.Add(id, bytes = Compute(id));
        return bytes;
    }

    private byte[] Compute(int id)
    {
        if (!_vocabulary.TryGetText(id, out ReadOnlySpan<byte> text))
            return [];
        if (_tokenizer.IsSpecial(id))
            return text.ToArray();
        byte[] decoded = Decode(text);
        if (decoded.AsSpan().IndexOf("\uFFFD"u8) < 0 && !IsByte(text, out _))
            return decoded;
        // Not a whole character by itself: the byte that it names, or the bytes that its letters stand for.
        if (IsByte(text, out byte value) && !decoded.AsSpan().SequenceEqual(text))
            return [value];
        byte[] bytes = new byte[text.Length];
        int length = ByteAlphabet.Decode(text, bytes);
        return length > 0 ? bytes[..length] : decoded;
    }

    private byte[] Decode(ReadOnlySpan<byte> token)
    {
        _chain.Reset();
        _sink.Text.Clear();
        if (_before.Length > 0)
            _chain.Push(_before);
        int start = _sink.Text.Length;
        _chain.Push(token);
        _chain.End();
        return _sink.Text.Span[Math.Min(start, _sink.Text.Length)..].ToArray();
    }

    private static bool IsByte(ReadOnlySpan<byte> token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x"u8) && token[5] == '>'
            && byte.TryParse(token[3..5], System.Globalization.NumberStyles.AllowHexSpecifier, null, out value);
    }
}
