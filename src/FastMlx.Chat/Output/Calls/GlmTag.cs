namespace FastMlx.Chat.Output;

/// <summary>The tags of <see cref="GlmTags"/>.</summary>
internal enum GlmTag
{
    KeyOpen,
    KeyClose,
    ValueOpen,
    ValueClose,
    BlockOpen,
    BlockClose,

    /// <summary>Stands between a name and its arguments in some families; means nothing.</summary>
    Separator,

    None,
    End,
}
