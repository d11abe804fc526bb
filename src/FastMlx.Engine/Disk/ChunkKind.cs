namespace FastMlx.Engine.Disk;

internal enum ChunkKind
{
    /// <summary>Rows of some tokens, to be appended to the parent's.</summary>
    Rows = 0,

    /// <summary>A whole slot's state at its end.</summary>
    Whole = 1,

    /// <summary>
    /// Rows, and what of the state is not in rows, at their end: where a timeline that cannot be cut may be taken up
    /// again. Nothing builds on it.
    /// </summary>
    Tail = 2,
}
