namespace FastMlx.Chat.Tokenization;

/// <summary>A Fuse in front of a step that must see the whole text at once: holds everything to the end.</summary>
internal sealed class BufferedFuseDecode : DecodeStep
{
    private readonly ByteBuffer _text = new();

    public override void Push(ReadOnlySpan<byte> token) => _text.Append(token);

    public override void End()
    {
        Next.Push(_text.Span);
        _text.Clear();
        Next.End();
    }

    public override void Reset()
    {
        _text.Clear();
        Next.Reset();
    }
}
