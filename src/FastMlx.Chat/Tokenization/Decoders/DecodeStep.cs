namespace FastMlx.Chat.Tokenization;

/// <summary>
/// One step from tokens to text. It is given token texts one by one and hands on texts; at the end it is told so. The
/// whole decode and the streaming decode are the same calls, so they cannot differ. Holds state of one stream.
/// </summary>
internal abstract class DecodeStep
{
    /// <summary>Where the texts go. Set once, before the first token.</summary>
    public DecodeStep Next { get; set; } = null!;

    public abstract void Push(ReadOnlySpan<byte> token);

    /// <summary>No more tokens: hands on what is held and tells the next step.</summary>
    public virtual void End() => Next.End();

    /// <summary>Back to the state before the first token.</summary>
    public virtual void Reset() => Next.Reset();
}
