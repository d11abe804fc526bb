namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Takes up to `start` and `stop` copies of a character from the ends of every token, or, behind a Fuse, from the ends
/// of the whole text; then up to `stop` characters are held until more text comes.
/// </summary>
internal sealed class StripDecode : DecodeStep
{
    private readonly byte[] _content;
    private readonly int _start;
    private readonly int _stop;
    private readonly bool _wholeText;
    private readonly ByteBuffer _held = new();
    private int _startLeft;

    public StripDecode(int content, int start, int stop, bool wholeText)
    {
        Span<byte> utf8 = stackalloc byte[4];
        _content = utf8[..Utf8Text.Encode(content, utf8)].ToArray();
        _start = start;
        _stop = stop;
        _wholeText = wholeText;
        _startLeft = start;
    }

    public override void Push(ReadOnlySpan<byte> token)
    {
        if (!_wholeText)
        {
            token = StripStart(token, _start, out _);
            Next.Push(token[..(token.Length - TailLength(token))]);
            return;
        }
        if (_startLeft > 0 && !token.IsEmpty)
        {
            token = StripStart(token, _startLeft, out int taken);
            _startLeft = token.IsEmpty ? _startLeft - taken : 0;
        }
        if (_stop == 0)
        {
            Next.Push(token);
            return;
        }
        _held.Append(token);
        int keep = TailLength(_held.Span);
        Next.Push(_held.Span[..(_held.Length - keep)]);
        _held.RemoveFront(_held.Length - keep);
    }

    public override void End()
    {
        _held.Clear();
        Next.End();
    }

    public override void Reset()
    {
        _held.Clear();
        _startLeft = _start;
        Next.Reset();
    }

    private ReadOnlySpan<byte> StripStart(ReadOnlySpan<byte> token, int max, out int taken)
    {
        for (taken = 0; taken < max && token.StartsWith(_content); taken++)
            token = token[_content.Length..];
        return token;
    }

    private int TailLength(ReadOnlySpan<byte> token)
    {
        int length = 0;
        for (int i = 0; i < _stop && token[..^length].EndsWith(_content); i++)
            length += _content.Length;
        return length;
    }
}
