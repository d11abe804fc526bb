using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace FastMlx.Http;

/// <summary>
/// One accepted connection: reads a request, lets the handler answer, and again. Its own task runs everything but the
/// receive pump, <see cref="Tick"/> and <see cref="Abort"/>, which come from other threads.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync gives its buffers back; the token outlives the task.")]
internal sealed class HttpConnection
{
    private const int InputBlock = 4096;

    private readonly Socket _socket;
    private readonly ServerContext _server;
    private readonly PipeReader _reader;
    private readonly ConnectionClock _clock;
    private readonly ReceivePump _pump;
    private readonly SocketSender _sender;
    private readonly HeadParser _parser;
    private readonly RequestBody _body;
    private readonly ResponseHead _response;
    private Http1Exchange _exchange;
    private readonly CancellationTokenSource _aborted = new();
    private HttpFault _fault;
    private volatile bool _inputEnded;
    private volatile bool _cut;
    private volatile bool _unwanted;

    public HttpConnection(Socket socket, ServerContext server)
    {
        _socket = socket;
        _server = server;
        Remote = Unmapped((IPEndPoint)socket.RemoteEndPoint!);
        Local = Unmapped((IPEndPoint)socket.LocalEndPoint!);
        Aborted = _aborted.Token;
        HttpLimits limits = server.Limits;
        var pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: limits.InputBufferBytes, resumeWriterThreshold: limits.InputBufferBytes / 2,
            minimumSegmentSize: InputBlock, useSynchronizationContext: false));
        _reader = pipe.Reader;
        _clock = new ConnectionClock(server.Time, limits);
        _pump = new ReceivePump(socket, pipe.Writer, _clock, OnInputEnded);
        _sender = new SocketSender(socket, _clock, Abort, Aborted);
        _parser = new HeadParser(limits);
        _body = new RequestBody(_parser.Head, _reader, _sender, _clock, limits, server.Budget);
        _response = new ResponseHead(server.Date);
        _exchange = NewExchange();
    }

    private enum HeadResult { Request, Rejected, Closed }

    public IPEndPoint Remote { get; }

    public IPEndPoint Local { get; }

    /// <summary>Fires when the peer ends its side, resets, stalls, or the server cuts the connection.</summary>
    public CancellationToken Aborted { get; }

    public bool IsDraining => _server.IsDraining;

    public HttpErrorBody FormatError(string path, int status, string reason) =>
        _server.Options.FormatError(path, status, reason);

    /// <summary>Serves until either side has enough. Never throws.</summary>
    public Task RunAsync() => RunAsync(ServeAsync);

    /// <summary>Answers 503 without reading a request.</summary>
    public Task RefuseAsync() => RunAsync(() =>
    {
        _exchange = NewExchange();
        return RejectAsync(new HttpFault(503, "The server has too many connections at this moment."));
    });

    /// <summary>Looks at the deadlines; called by the server's timer.</summary>
    public void Tick()
    {
        if (_clock.IsSendStalled())
        {
            HttpLog.WriteStalled(_server.Logger);
            Abort();
        }
        else if (_clock.IsExpired())
        {
            _reader.CancelPendingRead();
        }
    }

    /// <summary>Wakes a connection that waits for a request, so that it sees that the server is draining.</summary>
    public void Wake() => _reader.CancelPendingRead();

    /// <summary>Asks a connection that waits for a request to close; any thread.</summary>
    public void CloseIfIdle()
    {
        if (_clock.Phase != ConnectionPhase.Idle) return;
        _unwanted = true;
        _reader.CancelPendingRead();
    }

    /// <summary>Cuts the connection at once. Any thread, any number of times.</summary>
    public void Abort()
    {
        _cut = true;
        _socket.Close(0);
        CancelRequest();
    }

    private async Task RunAsync(Func<Task> work)
    {
        Task pump = _pump.RunAsync();
        try
        {
            await work();
            if (!_cut) await LingerAsync();
        }
        catch (OperationCanceledException)
        {
            // The peer is gone, and with it whoever would want an answer.
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The same, or cut by us, noticed while shutting down.
        }
        catch (Exception error)
        {
            HttpLog.ConnectionFailed(_server.Logger, error);
        }
        finally
        {
            await _reader.CompleteAsync();
            _socket.Dispose();
            await pump;
            _exchange.Drop();
            _body.Release();
            _parser.Head.Dispose();
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HeadResult result = await ReadHeadAsync();
            if (result == HeadResult.Closed) return;
            HttpFault fault = result == HeadResult.Rejected ? _fault : HeadRules.Check(_parser.Head, _server.Limits);
            if (fault.Any)
            {
                _exchange = NewExchange();
                await RejectAsync(fault);
                return;
            }
            if (!await HandleAsync()) return;
        }
    }

    private async ValueTask<HeadResult> ReadHeadAsync()
    {
        _parser.Reset();
        _parser.Head.Release();
        _clock.Enter(ConnectionPhase.Idle);
        while (true)
        {
            ReadResult read = await _reader.ReadAsync();
            if (!read.Buffer.IsEmpty && !_parser.Started) _clock.Enter(ConnectionPhase.Head);
            ParseStatus status = _parser.Parse(read.Buffer, out SequencePosition consumed);
            _reader.AdvanceTo(consumed, status == ParseStatus.Done ? consumed : read.Buffer.End);
            if (status == ParseStatus.Done)
            {
                _clock.Enter(ConnectionPhase.Handler);
                return HeadResult.Request;
            }
            if (status == ParseStatus.Rejected) return Refused(_parser.Fault);
            bool expired = read.IsCanceled && _clock.IsExpired();
            if (!_parser.Started)
            {
                if (read.IsCompleted || expired || IsDraining || _unwanted) return HeadResult.Closed;
            }
            else
            {
                if (read.IsCompleted) return Refused(HttpFault.Bad("The request ended early."));
                if (expired) return Refused(new HttpFault(408, "The request head is too slow."));
            }
        }
    }

    // One for each request: a handler that keeps its exchange too long holds one that has been answered.
    private Http1Exchange NewExchange()
    {
        _response.Reset();
        _body.Begin();
        var events = new Http1EventStream(_sender, _server.Limits, Aborted);
        return new Http1Exchange(this, _parser.Head, _body, _sender, _response, events);
    }

    private HeadResult Refused(HttpFault fault)
    {
        _fault = fault;
        return HeadResult.Rejected;
    }

    private async Task RejectAsync(HttpFault fault)
    {
        HttpLog.Rejected(_server.Logger, fault.Status, fault.Reason);
        await _exchange.RespondErrorAsync(fault.Status, fault.Reason, close: true);
    }

    // Returns whether the connection may carry another request.
    private async ValueTask<bool> HandleAsync()
    {
        _exchange = NewExchange();
        try
        {
            await _server.Handler(_exchange);
            if (!_exchange.Started)
            {
                HttpLog.NoAnswer(_server.Logger, _exchange.Method, _exchange.Path);
                await _exchange.RespondErrorAsync(500, "The server has no answer to this request.", close: true);
            }
        }
        catch (HttpRejection rejection) when (!_exchange.Started)
        {
            HttpLog.Rejected(_server.Logger, rejection.Status, rejection.Message);
            await _exchange.RespondErrorAsync(rejection.Status, rejection.Message, close: false);
        }
        catch (OperationCanceledException) when (Aborted.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception error)
        {
            HttpLog.HandlerFailed(_server.Logger, error, _exchange.Method, _exchange.Path);
            if (_exchange.Started) Abort();
            else await _exchange.RespondErrorAsync(500, "The server failed to answer this request.", close: true);
        }
        finally
        {
            _body.Release();
        }
        if (!_exchange.Completed) Abort(); // A stream that was left open must not look whole.
        return !_cut && _exchange.KeepAlive && await _body.DrainAsync();
    }

    // A close with unread input makes the kernel send a reset, which can destroy the answer on its way to the peer.
    private async ValueTask LingerAsync()
    {
        _clock.Enter(ConnectionPhase.Linger);
        if (!_inputEnded) _socket.Shutdown(SocketShutdown.Send);
        long dropped = 0;
        while (dropped <= _server.Limits.LingerBytes)
        {
            ReadResult read = await _reader.ReadAsync();
            dropped += read.Buffer.Length;
            _reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || (read.IsCanceled && _clock.IsExpired())) return;
        }
    }

    private void OnInputEnded()
    {
        _inputEnded = true;
        CancelRequest();
    }

    private void CancelRequest()
    {
        try
        {
            _aborted.Cancel();
        }
        catch (AggregateException error)
        {
            HttpLog.CancelFailed(_server.Logger, error);
        }
    }

    private static IPEndPoint Unmapped(IPEndPoint point) =>
        point.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(point.Address.MapToIPv4(), point.Port) : point;
}
