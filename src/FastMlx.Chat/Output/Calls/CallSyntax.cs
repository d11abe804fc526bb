namespace FastMlx.Chat.Output;

/// <summary>How a family writes calls. Stateless and shared; what it reads is in the session.</summary>
internal abstract class CallSyntax
{
    /// <summary>
    /// Reads the calls behind a marker (a <see cref="MarkerKind.Call"/>'s is consumed, a
    /// <see cref="MarkerKind.MaybeCall"/>'s is not). False where there was none and the text was passed on or dropped.
    /// </summary>
    public abstract Flow<bool> ReadAsync(OutputSession session, Marker marker);

    /// <summary>
    /// Whether a call stands there, without consuming: at the marker for a <see cref="MarkerKind.MaybeCall"/>, behind
    /// it for a call seen in reasoning. Looks ahead a bounded number of bytes.
    /// </summary>
    public abstract Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker);
}
