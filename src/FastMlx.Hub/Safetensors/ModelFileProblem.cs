namespace FastMlx.Hub;

/// <summary>What is wrong with a file of a model.</summary>
public enum ModelFileProblem
{
    Missing,
    NotReadable,
    TooShort,
    HeaderTooLarge,
    NotJson,
    DuplicateName,
    BadName,
    BadEntry,
    BadDtype,
    BadShape,
    SizeOverflow,
    BadOffsets,
    SizeMismatch,
    Overlap,
    Hole,
    TrailingBytes,
    Truncated,
    BadMetadata,
    Inconsistent,
    NotSupported,
    Changed,
}
