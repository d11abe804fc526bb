namespace FastMlx.Chat.Output;

/// <summary>What the scanner came to.</summary>
internal enum ScanState
{
    NeedsMore,
    Found,
    End,
}
