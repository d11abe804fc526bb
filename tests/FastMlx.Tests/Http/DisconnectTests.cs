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
