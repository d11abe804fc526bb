namespace FastMlx.Chat.Output;

/// <summary>
/// Token ids to text, one at a time, holding back what is no whole character yet. One answer's; not shared. It must
/// deliver the added tokens that the format needs (<see cref="OutputFormat.NeedsToken"/>) as text.
/// </summary>
public interface ITokenTextDecoder
{
    /// <summary>
    /// The text that this id completes: whole UTF-8 characters, possibly none. Lives until the next call.
    /// </summary>
    public ReadOnlySpan<byte> Decode(int id);

    /// <summary>What is still held at the end, unfinished characters as U+FFFD.</summary>
    public ReadOnlySpan<byte> Flush();
}
