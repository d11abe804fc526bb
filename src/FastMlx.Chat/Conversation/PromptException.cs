namespace FastMlx.Chat;

/// <summary>A conversation that cannot be made a prompt, with a sentence that the client can act on.</summary>
public sealed class PromptException(string message, Exception? cause = null) : Exception(message, cause);
