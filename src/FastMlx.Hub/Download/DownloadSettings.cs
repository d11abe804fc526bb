namespace FastMlx.Hub;

/// <summary>Numbers of a download, and the places where tests put a clock, a full disk or another network.</summary>
internal sealed record DownloadSettings
{
    /// <summary>
    /// One range request. A chunk, the most that an interruption costs, is PieceBytes × PiecesAtOnce.
    /// </summary>
    public int PieceBytes { get; init; } = 4 * 1024 * 1024;

    public int PiecesAtOnce { get; init; } = 4;

    public int FilesAtOnce { get; init; } = 3;

    /// <summary>Failures in a row, without a byte in between, before giving up.</summary>
    public int AttemptsMax { get; init; } = 8;

    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that brings no byte for so long is dropped and tried again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Left free on the disk beyond what the download needs.</summary>
    public long FreeBytesMin { get; init; } = 256L * 1024 * 1024;

    public int ListingBytesMax { get; init; } = 32 * 1024 * 1024;

    public int FilesMax { get; init; } = 4096;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Func<string, long> FreeBytes { get; init; } = static path => new DriveInfo(path).AvailableFreeSpace;

    /// <summary>Wraps the file that a blob is written to; a test's version fails like a disk.</summary>
    public Func<Stream, Stream> OpenBlob { get; init; } = static file => file;

    /// <summary>Replaces the network; null is the real one.</summary>
    public HttpMessageHandler? Handler { get; init; }
}
