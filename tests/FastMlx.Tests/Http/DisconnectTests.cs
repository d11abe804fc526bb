using System.Net.Sockets;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class DisconnectTests
{
    private const string Request =
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\nhello\r\n0\r\n\r\n";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Server_ForgetsAPeerThatLeavesAtAnyByteOfItsRequest(bool reset)
    {
        await using var server = new TestServer();
        for (int length = 0; length <= Request.Length; length++)
        {
            using TestClient client = await server.ConnectAsync();
            await client.SendAsync(Request[..length]);
            Leave(client, reset);
        }
        await HasForgottenAsync(server);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Server_ForgetsAPeerThatLeavesAtAnyByteOfItsAnswer(bool reset)
    {
        int running = 0;
        await using var server = new TestServer(async exchange =>
        {
            Interlocked.Increment(ref running);
            try
            {
                await using EventStream events = await exchange.BeginEventsAsync();
                while (true) await ServerTests.WriteAsync(events, "data: 0123456789\n\n");
            }
            finally
            {
                Interlocked.Decrement(ref running);
            }
        });
        for (int length = 1; length <= 200; length++)
        {
            using TestClient client = await server.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            byte[] one = new byte[length];
            for (int got = 0; got < length;) got += await client.Socket.ReceiveAsync(one.AsMemory(got));
            Leave(client, reset);
        }
        await HasForgottenAsync(server);
        await Eventually.HoldsAsync(() => Volatile.Read(ref running) == 0);
    }

    /// <summary>More than the pipe takes is waiting when the peer leaves: the write finds out.</summary>
    [Fact]
    public async Task Server_NoticesAPeerThatLeftBehindPipelinedBytes()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            await ServerTests.WriteAsync(events, "data: 1\n\n");
            await left.Task;
            while (true) await ServerTests.WriteAsync(events, "data: 2\n\n");
        });
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + new string('x', 200_000));
        await client.ReadHeadAsync();
        Leave(client, reset: false);
        left.SetResult();
        await HasForgottenAsync(server);
    }

    [Fact]
    public async Task Connection_ClosesWhenAskedOnlyWhileItIdles()
    {
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var context = new ServerContext(new HttpServerOptions(), async exchange =>
        {
            called.TrySetResult();
            await release.Task;
            await TestServer.EchoAsync(exchange);
        }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        using TestClient client = await TestClient.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndPoint!);
        var connection = new HttpConnection(await listener.AcceptAsync(), context);
        Task run = connection.RunAsync();
        Task<TestAnswer> answer = client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await called.Task.WaitAsync(TimeSpan.FromSeconds(10));
        connection.CloseIfIdle();
        release.SetResult();
        Assert.Equal(200, (await answer).Status);
        Assert.Equal(200, (await client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).Status);
        Task<bool> closed = client.IsClosedAsync();
        while (!closed.IsCompleted)
        {
            connection.CloseIfIdle();
            await Task.WhenAny(closed, Task.Delay(5));
        }
        Assert.True(await closed);
        client.Socket.Close();
        await run.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static void Leave(TestClient client, bool reset)
    {
        if (reset) client.Socket.LingerState = new LingerOption(true, 0);
        client.Socket.Close();
    }

    private static async Task HasForgottenAsync(TestServer server)
    {
        await Eventually.HoldsAsync(() => server.Server.Connections == 0);
        Assert.Equal(0, server.Server.BodyBytes);
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Contains("200", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }
}
