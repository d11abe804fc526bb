namespace FastMlx.Chat.Output;

/// <summary>Which calls a request wants, and how they are delivered.</summary>
public sealed record CallPolicy
{
    /// <summary>Most calls to deliver; 0 = none are wanted: calls vanish from the answer.</summary>
    public int CountMax { get; init; } = int.MaxValue;

    /// <summary>
    /// Deliver a call while it is being written: name first, arguments as they become certain. A call that is then cut
    /// off ends with <see cref="IChatEventSink.ToolCallCut"/>. Otherwise each call is delivered whole, at its end.
    /// </summary>
    public bool StreamsArguments { get; init; }
}
