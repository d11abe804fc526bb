namespace FastMlx.Chat.Output;

/// <summary>Where a marker counts as one.</summary>
internal enum MarkerPlace
{
    Anywhere,

    /// <summary>Only before any other text of its section.</summary>
    Start,

    /// <summary>Only where a line begins.</summary>
    LineStart,
}
