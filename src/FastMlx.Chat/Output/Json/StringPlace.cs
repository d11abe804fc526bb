namespace FastMlx.Chat.Output;

/// <summary>Where a string literal stands: decides what may follow its closing quote.</summary>
internal enum StringPlace
{
    Key,
    Member,
    Item,
    Argument,
}
