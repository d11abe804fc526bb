using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace FastMlx.Tests.Http;

/// <summary>A raw connection that reads answers by their own framing. Each wait ends after ten seconds.</summary>
internal sealed class TestClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly byte[] _block = new byte[64 * 1024];
    private readonly List<byte> _pending = [];

    private TestClient(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    public static async Task<TestClient> ConnectAsync(IPEndPoint point)
    {
        var socket = new Socket(point.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(point);
        return new TestClient(socket);
    }

    public void Dispose() => Socket.Dispose();

    public async Task SendAsync(string latin1) => await SendAsync(Encoding.Latin1.GetBytes(latin1));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await Socket.SendAsync(bytes)..];
    }

    /// <summary>Sends, and reads one answer.</summary>
    public async Task<TestAnswer> AskAsync(string request, bool head = false)
    {
        await SendAsync(request);
        return await ReadAsync(head);
    }

    public async Task<TestAnswer> ReadAsync(bool head = false)
    {
        string start = await ReadUntilAsync("\r\n\r\n");
        var answer = new TestAnswer(start);
        if (head || answer.Status is 204 or 304 or 100) return answer;
        if (answer.Header("transfer-encoding") == "chunked")
        {
            for (string? chunk = await ReadChunkAsync(); chunk is not null; chunk = await ReadChunkAsync())
                answer.Chunks.Add(chunk);
            return answer with { Body = string.Concat(answer.Chunks) };
        }
        return answer.Header("content-length") is { } length
            ? answer with { Body = await ReadExactlyAsync(int.Parse(length)) }
            : answer with { Body = await ReadToEndAsync() };
    }

    public Task<string> ReadHeadAsync() => ReadUntilAsync("\r\n\r\n");

    /// <summary>The next chunk, or null at the end of the body.</summary>
    public async Task<string?> ReadChunkAsync()
    {
        string line = await ReadUntilAsync("\r\n");
        int size = int.Parse(line.AsSpan(0, line.Length - 2), NumberStyles.AllowHexSpecifier);
        string data = await ReadExactlyAsync(size + 2);
        Assert.EndsWith("\r\n", data, StringComparison.Ordinal);
        return size == 0 ? null : data[..^2];
    }

    /// <summary>What the peer sends until it closes; a reset ends it too.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (await FillAsync())
        {
        }
        return Take(_pending.Count);
    }

    /// <summary>Whether the peer has closed without sending more.</summary>
    public async Task<bool> IsClosedAsync() => (await ReadToEndAsync()).Length == 0;

    private async Task<string> ReadExactlyAsync(int count)
    {
        while (_pending.Count < count) Assert.True(await FillAsync(), "The connection ended inside an answer.");
        return Take(count);
    }

    private async Task<string> ReadUntilAsync(string mark)
    {
        while (true)
        {
            int at = Encoding.Latin1.GetString([.. _pending]).IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0) return Take(at + mark.Length);
            Assert.True(await FillAsync(), "The connection ended before an answer.");
        }
    }

    private async Task<bool> FillAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        try
        {
            int count = await Socket.ReceiveAsync(_block, SocketFlags.None, late.Token);
            _pending.AddRange(_block.AsSpan(0, count));
            return count > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string Take(int count)
    {
        string text = Encoding.Latin1.GetString([.. _pending[..count]]);
        _pending.RemoveRange(0, count);
        return text;
    }
}
