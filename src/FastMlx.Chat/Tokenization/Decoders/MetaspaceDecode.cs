namespace FastMlx.Chat.Tokenization;

/// <summary>The meta character becomes a space; in the first token it vanishes, if one was put in front.</summary>
internal sealed class MetaspaceDecode : DecodeStep
{
    private readonly byte[] _meta;
    private readonly bool _dropFirst;
    private readonly ByteBuffer _text = new();
    private bool _isFirst = true;

    public MetaspaceDecode(int replacement, PrependScheme scheme)
    {
        Span<byte> utf8 = stackalloc byte[4];
        _meta = utf8[..Utf8Text.Encode(replacement, utf8)].ToArray();
        _dropFirst = scheme != PrependScheme.Never;
    }

    public override void Push(ReadOnlySpan<byte> token)
    {
        bool drop = _isFirst && _dropFirst;
        _isFirst = false;
        _text.Clear();
        while (token.IndexOf(_meta) is var at && at >= 0)
        {
            _text.Append(token[..at]);
            if (!drop)
                _text.Append((byte)' ');
            token = token[(at + _meta.Length)..];
        }
        _text.Append(token);
        Next.Push(_text.Span);
    }

    public override void Reset()
    {
        _isFirst = true;
        Next.Reset();
    }
}
