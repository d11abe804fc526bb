namespace FastMlx.Chat.Grammar;

/// <summary>A schema that no grammar can be made of; the message is for the client.</summary>
public sealed class GrammarException : Exception
{
    public GrammarException(string message)
        : base(message)
    {
    }

    public GrammarException()
    {
    }

    public GrammarException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
