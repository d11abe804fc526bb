namespace FastMlx.Chat.Templates;

/// <summary>Where marked text came from: a small number, so that spans stay cheap.</summary>
public static class TextOrigin
{
    public const int Template = 0;

    /// <summary>Tool definitions.</summary>
    public const int Tools = 1;

    /// <summary>Documents, template arguments and everything else that is the client's.</summary>
    public const int Other = 2;

    private const int FirstMessage = 16;

    /// <summary>The origin of message <paramref name="index"/> (from 0) of the rendered list.</summary>
    public static int Message(int index) => FirstMessage + index;

    /// <summary>The message's index, or -1 where the origin is no message.</summary>
    public static int MessageIndex(int origin) => origin >= FirstMessage ? origin - FirstMessage : -1;
}
