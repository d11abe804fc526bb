namespace FastMlx.Http;

/// <summary>
/// Every limit of the room in one place. Sizes are bytes. The defaults are stricter than common servers' where a local
/// model server can afford it.
/// </summary>
public sealed record HttpLimits
{
    /// <summary>Method, target and version without the line end; more is 414.</summary>
    public int RequestLineBytes { get; init; } = 8 * 1024;

    /// <summary>All field lines with their line ends; more is 431.</summary>
    public int HeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Field lines; more is 431.</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>One request body; more is 413, before it is read where its length is announced.</summary>
    public int BodyBytes { get; init; } = 33_554_432;

    /// <summary>Bodies of all connections together; a request that needs more is 503.</summary>
    public long TotalBodyBytes { get; init; } = 1L << 30;

    /// <summary>A chunk's size line with its extensions and line end.</summary>
    public int ChunkLineBytes { get; init; } = 256;

    public int ChunkSizeDigits { get; init; } = 16;

    public int TrailerBytes { get; init; } = 8 * 1024;

    /// <summary>From the first byte of a request to the end of its head; more is 408.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The average rate below which a body is too slow (408), looked at after <see cref="BodyGrace"/>.
    /// </summary>
    public int BodyBytesPerSecond { get; init; } = 1024;

    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>A send without progress for this long aborts the connection.</summary>
    public TimeSpan WriteStall { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan KeepAliveIdle { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Connections served at once; further ones are accepted and answered 503.</summary>
    public int Connections { get; init; } = 512;

    /// <summary>
    /// Received and not yet parsed, per connection (a pipelined request waits in the kernel beyond it).
    /// </summary>
    public int InputBufferBytes { get; init; } = 64 * 1024;

    /// <summary>
    /// Sent and not yet acknowledged, per connection (half of it is asked from the kernel, which doubles).
    /// </summary>
    public int OutputBufferBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// A single event may be larger than the output buffer (a summary of a long answer), but not than this.
    /// </summary>
    public int EventBytes { get; init; } = 33_554_432;

    /// <summary>
    /// After the last answer: read and drop this much, for this long, so that a reset cannot destroy it.
    /// </summary>
    public int LingerBytes { get; init; } = 64 * 1024 * 1024;

    public TimeSpan LingerTime { get; init; } = TimeSpan.FromSeconds(1);
}
