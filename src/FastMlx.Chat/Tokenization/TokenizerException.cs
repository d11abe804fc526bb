namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A tokenizer's files cannot be used, or a text cannot be encoded with them (an unknown token that is not in the
/// vocabulary). The message is a sentence for the user that names the component or field.
/// </summary>
public sealed class TokenizerException : Exception
{
    public TokenizerException()
    {
    }

    public TokenizerException(string message)
        : base(message)
    {
    }

    public TokenizerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
