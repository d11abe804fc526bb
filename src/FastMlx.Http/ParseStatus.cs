namespace FastMlx.Http;

/// <summary>What a parser says after each piece of input.</summary>
internal enum ParseStatus
{
    NeedMore,
    Done,
    Rejected,
}
