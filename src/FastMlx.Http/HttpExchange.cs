using System.Buffers;

namespace FastMlx.Http;

/// <summary>
/// Handles one request. Runs on the connection's task; must answer through the exchange exactly once.
/// </summary>
public delegate Task RequestHandler(HttpExchange exchange);

/// <summary>
/// One request and the means to answer it. Owned by its connection, used by one task at a time; dead after the handler
/// returns. <see cref="Aborted"/> fires when the peer closes or a write stalls.
/// </summary>
public abstract class HttpExchange
{
    public abstract string Method { get; }

    /// <summary>Decoded path, without query; always starts with '/' (or is "*").</summary>
    public abstract string Path { get; }

    /// <summary>Raw text after '?', or empty.</summary>
    public abstract string Query { get; }

    /// <summary>First value of a header, names without case; null where absent.</summary>
    public abstract string? Header(string name);

    /// <summary>All headers in the order of arrival, values as UTF-8.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> Headers => [];

    /// <summary>Whether the request announced a body that is not empty.</summary>
    public virtual bool HasBody => true;

    public abstract System.Net.IPEndPoint Remote { get; }

    /// <summary>The address and port that the peer reached us at; an IPv4 address is never mapped to IPv6.</summary>
    public virtual System.Net.IPEndPoint Local => new(System.Net.IPAddress.Loopback, 0);

    public abstract CancellationToken Aborted { get; }

    /// <summary>
    /// Reads the whole body into a pooled buffer that lives until the handler returns. Throws
    /// <see cref="HttpRejection"/> where it is too large, too slow or badly framed.
    /// </summary>
    public abstract ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync();

    /// <summary>
    /// A header of the response; call before <see cref="RespondAsync"/> or <see cref="BeginEventsAsync"/>.
    /// </summary>
    public abstract void SetHeader(string name, string value);

    public abstract ValueTask RespondAsync(int status, string contentType, ReadOnlyMemory<byte> body);

    /// <summary>Sends status 200 and event-stream headers at once; the stream is disposed by the caller.</summary>
    public abstract ValueTask<EventStream> BeginEventsAsync();

    /// <summary>Cuts the connection, so that an unfinished answer cannot look whole to the peer.</summary>
    public virtual void Abort()
    {
    }
}

/// <summary>
/// The open body of an event stream. Write a frame through the <see cref="IBufferWriter{T}"/> members, mark its end
/// with <see cref="EndEvent"/>, send with <see cref="FlushAsync"/>: each event is one chunk and one send. One writer.
/// </summary>
public abstract class EventStream : IBufferWriter<byte>, IAsyncDisposable
{
    public abstract void Advance(int count);

    public abstract Memory<byte> GetMemory(int sizeHint = 0);

    public abstract Span<byte> GetSpan(int sizeHint = 0);

    public abstract void EndEvent();

    /// <summary>
    /// Sends the marked events. Throws <see cref="OperationCanceledException"/> once the peer is gone.
    /// </summary>
    public abstract ValueTask FlushAsync();

    /// <summary>Ends the body; the connection may be used again.</summary>
    public abstract ValueTask DisposeAsync();
}
