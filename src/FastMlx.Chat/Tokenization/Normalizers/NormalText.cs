namespace FastMlx.Chat.Tokenization;

/// <summary>A stretch of text in an array, and the marks of its bytes (empty when there are none).</summary>
internal readonly ref struct NormalText(byte[] text, int start, int end, ReadOnlySpan<byte> marks)
{
    public byte[] Text { get; } = text;

    public int Start { get; } = start;

    public int End { get; } = end;

    public ReadOnlySpan<byte> Marks { get; } = marks;

    public ReadOnlySpan<byte> Span => Text.AsSpan(Start, End - Start);
}
