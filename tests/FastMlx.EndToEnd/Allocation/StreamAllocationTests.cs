using System.Net;
using System.Net.Sockets;
using System.Text;
using FastMlx.Chat.Tokenization;
using FastMlx.EndToEnd.Host;
using Xunit;

namespace FastMlx.EndToEnd.Allocation;

/// <summary>
/// A streamed token costs no memory: engine, ring, decoder, parser, writer and socket together. Measured for the whole
/// process, so single windows may hold somebody else's allocations; in steady state most hold none.
/// </summary>
[Collection(nameof(Alone))]
public sealed class StreamAllocationTests
{
    private const int Windows = 20;
    private const int WindowTokens = 200;

    [Theory]
    [InlineData("/v1/messages")]
    [InlineData("/v1/chat/completions")]
    public async Task StreamedToken_AllocatesNothing(string path)
    {
        await using TestServer server = await TestServer.LoopAsync(" word and more");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Little room, so that what is read here is being written there at the same time.
        socket.ReceiveBufferSize = 16 * 1024;
        // Not ConnectAsync: it would make each Receive that waits allocate an operation here.
        Connect(socket, server.Port);
        Send(socket, server.Port, path);
        byte[] buffer = new byte[64 * 1024];
        Read(socket, buffer, 2000);
        long[] windows = new long[Windows];
        for (int i = 0; i < Windows; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Read(socket, buffer, WindowTokens);
            windows[i] = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        string all = string.Join(' ', windows);
        TestContext.Current.TestOutputHelper?.WriteLine($"bytes per {WindowTokens} tokens: {all}");
        Assert.True(windows.Count(bytes => bytes == 0) > Windows / 2, "bytes in each window: " + all);
    }

    private static void Connect(Socket socket, int port) => socket.Connect(IPAddress.Loopback, port);

    private static void Send(Socket socket, int port, string path)
    {
        const string Body = """{"model":"m","max_tokens":60000,"stream":true,"messages":[{"role":"user","content":"go"}]}""";
        string request = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {Body.Length}\r\n\r\n{Body}";
        socket.Send(Encoding.ASCII.GetBytes(request));
    }

    /// <summary>Reads until so many frames have come; allocates nothing itself.</summary>
    private static void Read(Socket socket, byte[] buffer, int frames)
    {
        while (frames > 0)
        {
            int length = socket.Receive(buffer);
            Assert.True(length > 0, "the stream ended");
            frames -= buffer.AsSpan(0, length).Count("data: "u8);
        }
    }
}

/// <summary>Tests that measure the whole process run when nothing else does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
