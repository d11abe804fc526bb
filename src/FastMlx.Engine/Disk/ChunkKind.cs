namespace FastMlx.Engine.Disk;

internal enum ChunkKind
{
    /// <summary>Rows of some tokens, to be appended to the parent's.</summary>
    Rows = 0,

    /// <summary>A whole slot's state at its end.</summary>
    Whole = 1,
}
