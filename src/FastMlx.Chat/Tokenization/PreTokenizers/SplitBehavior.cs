namespace FastMlx.Chat.Tokenization;

/// <summary>What becomes of the text that a split's pattern matched.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
