namespace FastMlx.Hub;

/// <summary>
/// How far a download is. Bytes count what is on this disk already, so a resumed download does not begin at 0.
/// Reported about ten times a second and once at the end, from any thread, never two at once.
/// </summary>
public readonly record struct PullProgress(long Bytes, long TotalBytes, int Files, int TotalFiles,
    double BytesPerSecond, string File);
