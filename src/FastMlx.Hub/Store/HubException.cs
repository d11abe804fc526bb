namespace FastMlx.Hub;

/// <summary>
/// A model could not be found or downloaded. The message says what to do, for the person at the keyboard.
/// </summary>
public sealed class HubException(HubProblem kind, string message, Exception? cause = null) : Exception(message, cause)
{
    public HubProblem Kind { get; } = kind;
}
