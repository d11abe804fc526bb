using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace FastMlx.Http;

/// <summary>
/// Listens, and serves each connection on a task of its own. Start once, stop once; all members may be called from any
/// thread. One coarse timer looks after the deadlines of all connections, and only while there are any.
/// </summary>
public sealed class HttpServer : IAsyncDisposable
{
    private const int AcceptRetryMs = 100;
    private const int AcceptRetryMsMost = 800;
    private const int Refusals = 64;
    private const int ProbeAfterSeconds = 60;
    private const int ProbeEachSeconds = 10;

    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(500);

    private readonly ServerContext _context;
    private readonly Lock _gate = new();
    private readonly HashSet<HttpConnection> _connections = [];
    private readonly List<HttpConnection> _ticking = [];
    private readonly List<Socket> _listeners = [];
    private readonly ITimer _timer;
    private TaskCompletionSource? _empty;
    private int _serving;
    private int _refusing;
    private long _accepted;
    private bool _ticks;
    private bool _saidFull;

    /// <summary>The handler is called for each request whose head is valid.</summary>
    public HttpServer(HttpServerOptions options, RequestHandler handler, ILogger logger)
    {
        _context = new ServerContext(options, handler, logger);
        _timer = options.Time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The addresses and ports that are listened on, after <see cref="Start"/>.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints { get; private set; } = [];

    /// <summary>Connections served at this moment.</summary>
    public int Connections => Volatile.Read(ref _serving);

    /// <summary>Connections accepted since the start.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Bytes of memory that request bodies hold at this moment.</summary>
    public long BodyBytes => _context.Budget.Used;

    /// <summary>
    /// Binds and begins to accept. Throws <see cref="SocketException"/> where the address cannot be had.
    /// </summary>
    public void Start()
    {
        if (_listeners.Count > 0) throw new InvalidOperationException("The server has been started before.");
        HttpServerOptions options = _context.Options;
        _listeners.AddRange(ListenSockets.Bind(options.Host, options.Port, options.Backlog));
        LocalEndPoints = [.. _listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        foreach (Socket listener in _listeners) _ = AcceptAsync(listener);
    }

    /// <summary>
    /// Stops accepting, closes what idles, lets running requests finish for <paramref name="drain"/> and cuts the rest.
    /// A second call with a shorter time hurries the first.
    /// </summary>
    public async Task StopAsync(TimeSpan drain)
    {
        Task empty;
        HttpConnection[] open;
        lock (_gate)
        {
            _context.IsDraining = true;
            foreach (Socket listener in _listeners) listener.Dispose();
            open = [.. _connections];
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (open.Length == 0) _empty.TrySetResult();
            empty = _empty.Task;
        }
        foreach (HttpConnection connection in open) connection.Wake();
        if (!await EndsWithinAsync(empty, drain))
        {
            lock (_gate) open = [.. _connections];
            foreach (HttpConnection connection in open) connection.Abort();
            await EndsWithinAsync(empty, _context.Limits.LingerTime); // A handler may ignore its token; we do not wait.
        }
        await _timer.DisposeAsync();
    }

    /// <summary>Stops without draining.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero);

    private async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan time)
    {
        if (time <= TimeSpan.Zero) return task.IsCompleted;
        await Task.WhenAny(task, Task.Delay(time, _context.Time));
        return task.IsCompleted;
    }

    private async Task AcceptAsync(Socket listener)
    {
        int retryMs = AcceptRetryMs;
        while (!_context.IsDraining)
        {
            try
            {
                Socket socket = await listener.AcceptAsync();
                retryMs = AcceptRetryMs;
                Admit(socket);
            }
            catch (Exception) when (_context.IsDraining)
            {
                return;
            }
            catch (SocketException error)
            {
                // Mostly out of file descriptors: give back what idles, and wait instead of spinning.
                HttpLog.AcceptFailed(_context.Logger, error.SocketErrorCode.ToString(), retryMs);
                Shed();
                await Task.Delay(TimeSpan.FromMilliseconds(retryMs), _context.Time);
                retryMs = Math.Min(retryMs * 2, AcceptRetryMsMost);
            }
        }
    }

    private void Shed()
    {
        HttpConnection[] open;
        lock (_gate) open = [.. _connections];
        foreach (HttpConnection connection in open) connection.CloseIfIdle();
    }

    private void Admit(Socket socket)
    {
        Interlocked.Increment(ref _accepted);
        HttpConnection? connection = Open(socket);
        if (connection is null)
        {
            socket.Dispose();
            return;
        }
        bool serve;
        lock (_gate)
        {
            serve = _serving < _context.Limits.Connections;
            bool refuse = !serve && _refusing < Refusals && !_context.IsDraining;
            if (_context.IsDraining || (!serve && !refuse))
            {
                socket.Dispose();
                return;
            }
            _connections.Add(connection);
            if (serve) _serving++;
            else _refusing++;
            if (!_ticks) _timer.Change(TickPeriod, TickPeriod);
            _ticks = true;
        }
        if (!serve && !_saidFull) HttpLog.Full(_context.Logger, _context.Limits.Connections);
        _saidFull = !serve;
        _ = ServeAsync(connection, serve);
    }

    private HttpConnection? Open(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            // A bounded buffer makes a reader that has stopped visible and bounds the kernel's memory.
            socket.SendBufferSize = _context.Limits.OutputBufferBytes / 2;
            // A machine that vanished sends no FIN; probes find it while a long prefill sends nothing.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, ProbeAfterSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProbeEachSeconds);
            return new HttpConnection(socket, _context);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null; // Reset between accept and here.
        }
    }

    private async Task ServeAsync(HttpConnection connection, bool serve)
    {
        await (serve ? connection.RunAsync() : connection.RefuseAsync());
        lock (_gate)
        {
            _connections.Remove(connection);
            if (serve) _serving--;
            else _refusing--;
            if (_connections.Count > 0) return;
            _empty?.TrySetResult();
            _ticks = false;
            if (!_context.IsDraining) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tick()
    {
        // The timer may call again before we are done; the list belongs to whoever holds it.
        lock (_ticking)
        {
            lock (_gate) _ticking.AddRange(_connections);
            foreach (HttpConnection connection in _ticking) connection.Tick();
            _ticking.Clear();
        }
    }
}
