namespace FastMlx.Hub;

/// <summary>Something on the way that may be gone at the next try: a cut connection, a busy server, a stall.</summary>
internal sealed class TransientException(string message, Exception? cause = null, TimeSpan? retryAfter = null)
    : Exception(message, cause)
{
    /// <summary>What the server asked for, if it asked.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
