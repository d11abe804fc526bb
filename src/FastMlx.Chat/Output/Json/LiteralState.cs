namespace FastMlx.Chat.Output;

/// <summary>How the reading of a literal stands.</summary>
internal enum LiteralState
{
    Open,
    Closed,

    /// <summary>The text is no literal; the reader stands at the byte that showed it.</summary>
    Broken,

    /// <summary>The text ended inside.</summary>
    Cut,
}
