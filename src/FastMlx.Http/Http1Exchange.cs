using System.Net;
using System.Text;

namespace FastMlx.Http;

/// <summary>The exchange of one request.</summary>
internal sealed class Http1Exchange(HttpConnection connection, RequestHead head, RequestBody body, SocketSender sender,
    ResponseHead response, Http1EventStream events) : HttpExchange
{
    private const int JoinedBytes = 16 * 1024;
    private const int HeadBytes = 1024;

    public override string Method => head.Method;

    public override string Path => head.Path;

    public override string Query => head.Query;

    public override bool HasBody => head.HasBody;

    public override IPEndPoint Remote => connection.Remote;

    public override IPEndPoint Local => connection.Local;

    public override CancellationToken Aborted => connection.Aborted;

    /// <summary>A byte of the answer is out, or about to be.</summary>
    public bool Started { get; private set; }

    /// <summary>The answer is whole.</summary>
    public bool Completed => Started && !events.IsOpen;

    /// <summary>What the answer told the peer about the connection.</summary>
    public bool KeepAlive { get; private set; }

    public override IEnumerable<KeyValuePair<string, string>> Headers
    {
        get
        {
            for (int i = 0; i < head.FieldCount; i++)
            {
                HeaderField at = head.Fields[i];
                yield return new(Encoding.UTF8.GetString(head.Name(at)), Encoding.UTF8.GetString(head.Value(at)));
            }
        }
    }

    public override string? Header(string name) => head.Find(name);

    public override ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync() => body.ReadAsync();

    public override void SetHeader(string name, string value)
    {
        ThrowIfStarted();
        response.Set(name, value);
    }

    public override async ValueTask RespondAsync(int status, string contentType, ReadOnlyMemory<byte> body)
    {
        ThrowIfStarted();
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        Started = true;
        bool bodiless = HttpStatus.HasNoBody(status);
        using var output = new OutputBuffer(HeadBytes + Math.Min(body.Length, JoinedBytes));
        response.Write(output, status, bodiless ? "" : contentType);
        if (!bodiless)
        {
            output.Write("Content-Length: "u8);
            output.Write(body.Length);
            output.Write("\r\n"u8);
        }
        EndHead(output, mayKeep: true);
        if (bodiless || head.Method == "HEAD") body = default;
        int joined = Math.Min(body.Length, JoinedBytes);
        output.Write(body.Span[..joined]);
        await sender.SendAsync(output.Written);
        if (joined < body.Length) await sender.SendAsync(body[joined..]);
    }

    public override async ValueTask<EventStream> BeginEventsAsync()
    {
        ThrowIfStarted();
        Started = true;
        bool chunked = head.MinorVersion == 1;
        using var output = new OutputBuffer(HeadBytes);
        response.Write(output, 200, "text/event-stream; charset=utf-8");
        output.Write("Cache-Control: no-cache\r\n"u8);
        if (chunked) output.Write("Transfer-Encoding: chunked\r\n"u8);
        EndHead(output, mayKeep: chunked);
        events.Begin(chunked, silent: head.Method == "HEAD");
        await sender.SendAsync(output.Written);
        return events;
    }

    public override void Abort() => connection.Abort();

    /// <summary>Gives the memory of a stream back that was not ended.</summary>
    public void Drop() => events.Drop();

    /// <summary>Answers for the handler, or instead of one; errors that break the framing also close.</summary>
    public ValueTask RespondErrorAsync(int status, string reason, bool close)
    {
        response.Reset();
        HttpErrorBody error = connection.FormatError(head.Path, status, reason);
        if (close) response.Set("Connection", "close");
        foreach ((string name, string value) in error.Headers ?? []) response.Set(name, value);
        return RespondAsync(status, error.ContentType, error.Body);
    }

    private void EndHead(OutputBuffer output, bool mayKeep)
    {
        KeepAlive = mayKeep && head.KeepAlive && !response.Close && body.CanDrain && !connection.IsDraining;
        if (!KeepAlive) output.Write("Connection: close\r\n"u8);
        else if (head.MinorVersion == 0) output.Write("Connection: keep-alive\r\n"u8);
        output.Write("\r\n"u8);
    }

    private void ThrowIfStarted()
    {
        if (Started) throw new InvalidOperationException("The answer has begun.");
    }
}
