using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FastMlx.Tests.Hub;

/// <summary>
/// A hub of our own on loopback: one listener for the hub, one for where large files are. Counts what it sends, notes
/// what it is asked, and misbehaves as told.
/// </summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Commit = "89abcdef0123456789abcdef0123456789abcdef";

    private readonly TcpListener _hub = new(IPAddress.Loopback, 0);
    private readonly TcpListener _storage = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly Lock _lock = new();
    private readonly List<FakeRequest> _requests = [];
    private long _bodyBytes;

    public FakeHub(string name = "org/model")
    {
        Name = name;
        _hub.Start();
        _storage.Start();
        _tasks.Add(AcceptAsync(_hub, "hub"));
        _tasks.Add(AcceptAsync(_storage, "storage"));
    }

    public string Name { get; }
    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_hub.LocalEndpoint).Port}");
    public string StorageBase => $"http://127.0.0.1:{((IPEndPoint)_storage.LocalEndpoint).Port}";
    public List<FakeFile> Files { get; } = [];

    /// <summary>Answers instead of the hub where it returns something.</summary>
    public Func<FakeRequest, FakeReply?> Override { get; set; } = _ => null;

    /// <summary>Offsets in large files at which the connection that gets there is closed, each once.</summary>
    public SortedSet<long> Cuts { get; } = [];

    /// <summary>Called when a cut happened.</summary>
    public Action Cut { get; set; } = () => { };

    /// <summary>
    /// So many answers with a large file's bytes stop after 500 of them and keep the connection open.
    /// </summary>
    public int Hangs { get; set; }

    public bool Ranges { get; set; } = true;

    /// <summary>Bytes of large files' bodies that were sent.</summary>
    public long BodyBytes => Interlocked.Read(ref _bodyBytes);

    public FakeRequest[] Requests
    {
        get
        {
            lock (_lock)
                return [.. _requests];
        }
    }

    public FakeFile Add(string name, byte[] content, bool isLarge = false)
    {
        var file = new FakeFile(name, content, isLarge);
        Files.Add(file);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _hub.Stop();
        _storage.Stop();
        await Task.WhenAll(_tasks.ToArray()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, string server)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptSocketAsync(_stop.Token);
                lock (_lock)
                    _tasks.Add(ServeAsync(socket, server));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket, string server)
    {
        using var owned = socket;
        try
        {
            await using var stream = new NetworkStream(socket);
            if (await FakeRequest.ReadAsync(stream, server) is not { } request)
                return;
            FakeReply reply;
            lock (_lock)
            {
                _requests.Add(request);
                reply = Override(request) ?? Answer(request);
            }
            await stream.WriteAsync(reply.Head(), _stop.Token);
            if (request.Method == "GET")
                await SendBodyAsync(stream, reply, server);
            if (reply.Hang)
                await stream.ReadExactlyAsync(new byte[1], _stop.Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The client left.
        }
    }

    private async Task SendBodyAsync(NetworkStream stream, FakeReply reply, string server)
    {
        int length = Math.Min(reply.CutAfter ?? reply.Body.Length, reply.Body.Length);
        for (int at = 0; at < length; at += 8192)
        {
            int count = Math.Min(8192, length - at);
            await stream.WriteAsync(reply.Body.AsMemory(at, count), _stop.Token);
            if (server == "storage")
                Interlocked.Add(ref _bodyBytes, count);
        }
        if (reply.CutAfter is not null)
            Cut();
    }

    private FakeReply Answer(FakeRequest request)
    {
        string path = request.Path.Split('?')[0];
        if (path == $"/api/models/{Name}/revision/main")
            return FakeReply.Text(Listing());
        string resolve = $"/{Name}/resolve/{Commit}/";
        if (path.StartsWith(resolve, StringComparison.Ordinal)
            && Files.Find(f => f.Name == path[resolve.Length..]) is { } file)
            return Resolve(request, file);
        if (path.StartsWith("/blob/", StringComparison.Ordinal) && request.Server == "storage"
            && Files.Find(f => f.IsLarge && "/blob/" + f.Name == path) is { } large)
            return Bytes(request, large);
        return FakeReply.Text("no", 404);
    }

    public string Listing() => $$"""{"sha":"{{Commit}}","siblings":[{{string.Join(',', Files.Select(Sibling))}}]}""";

    private static string Sibling(FakeFile file) => file.IsLarge
        ? $$"""{"rfilename":"{{file.Name}}","lfs":{"sha256":"{{file.Hash}}"},"size":{{file.AnnouncedSize}} }"""
        : $$"""{"rfilename":"{{file.Name}}","size":{{file.AnnouncedSize}} }""";

    private FakeReply Resolve(FakeRequest request, FakeFile file)
    {
        if (file.IsLarge)
            return FakeReply.Redirect($"{StorageBase}/blob/{file.Name}?signature=x")
                .With("X-Repo-Commit", Commit).With("X-Linked-ETag", $"\"{file.Hash}\"")
                .With("X-Linked-Size", file.AnnouncedSize.ToString(CultureInfo.InvariantCulture));
        FakeReply reply = request.Method == "HEAD"
            ? new FakeReply { Length = file.AnnouncedSize } : new FakeReply { Body = file.Body };
        return reply.With("ETag", $"\"{file.Hash}\"").With("X-Repo-Commit", Commit);
    }

    private FakeReply Bytes(FakeRequest request, FakeFile file)
    {
        int from = 0, to = file.Body.Length - 1;
        if (Ranges && request.Header("Range") is { } range)
        {
            string[] ends = range["bytes=".Length..].Split('-');
            from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            to = Math.Min(to, int.Parse(ends[1], CultureInfo.InvariantCulture));
        }
        else
            range = null;
        FakeReply reply = range is null
            ? new FakeReply { Body = file.Body }
            : new FakeReply { Status = 206, Body = file.Body[from..(to + 1)] }
                .With("Content-Range", $"bytes {from}-{to}/{file.Body.Length}");
        foreach (long cut in Cuts.Where(c => c >= from && c <= to).Take(1).ToArray())
        {
            Cuts.Remove(cut);
            reply.CutAfter = (int)(cut - from);
        }
        if (Hangs > 0)
        {
            Hangs--;
            reply.CutAfter = Math.Min(500, reply.Body.Length);
            reply.Hang = true;
        }
        return reply;
    }
}
