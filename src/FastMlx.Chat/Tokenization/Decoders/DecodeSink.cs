namespace FastMlx.Chat.Tokenization;

/// <summary>The end of a chain: collects the text.</summary>
internal sealed class DecodeSink : DecodeStep
{
    public ByteBuffer Text { get; } = new();

    public override void Push(ReadOnlySpan<byte> token) => Text.Append(token);

    public override void End()
    {
    }

    public override void Reset() => Text.Clear();
}
