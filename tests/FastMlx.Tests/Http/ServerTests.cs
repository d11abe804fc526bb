using System.Net;
using System.Net.Sockets;
using System.Text;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class ServerTests
{
    [Fact]
    public async Task Server_AnswersTwiceOnOneConnection()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        TestAnswer first = await client.AskAsync("GET /a%20b?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal(200, first.Status);
        Assert.Equal("GET /a b?x=1 ", first.Body);
        Assert.NotNull(first.Header("date"));
        Assert.Null(first.Header("connection"));
        TestAnswer second = await client.AskAsync("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
        Assert.Equal("POST /b hi", second.Body);
    }

    [Fact]
    public async Task Server_AnswersPipelinedRequestsInOrder()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
            + "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            + "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        Assert.Equal("GET /1 ", (await client.ReadAsync()).Body);
        Assert.Equal("POST /2 abc", (await client.ReadAsync()).Body);
        TestAnswer last = await client.ReadAsync();
        Assert.Equal("GET /3 ", last.Body);
        Assert.Equal("close", last.Header("connection"));
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Server_SendsEachEventAsOneChunk()
    {
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            for (int i = 0; i < 3; i++) await WriteAsync(events, $"data: {new string('x', i * 200)}\n\n");
        });
        using TestClient client = await server.ConnectAsync();
        TestAnswer answer = await client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal("text/event-stream; charset=utf-8", answer.Header("content-type"));
        Assert.Equal([.. Enumerable.Range(0, 3).Select(i => $"data: {new string('x', i * 200)}\n\n")], answer.Chunks);
        Assert.Equal(3, (await client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).Chunks.Count);
    }

    [Fact]
    public async Task Server_EndsAnOldClientsStreamByClosing()
    {
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            await WriteAsync(events, "data: 1\n\n");
            await WriteAsync(events, "data: 2\n\n");
        });
        using TestClient client = await server.ConnectAsync();
        TestAnswer answer = await client.AskAsync("GET / HTTP/1.0\r\n\r\n");
        Assert.Null(answer.Header("transfer-encoding"));
        Assert.Equal("close", answer.Header("connection"));
        Assert.Equal("data: 1\n\ndata: 2\n\n", answer.Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Server_TellsTheHandlerThatThePeerLeft(bool reset)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (exchange.Aborted.Register(gone.SetResult)) await gone.Task;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WriteAsync(events, "data: 1\n\n"));
            seen.SetResult();
        });
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.ReadHeadAsync();
        if (reset) client.Socket.LingerState = new LingerOption(true, 0);
        client.Socket.Close();
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Server_StopsWhenRunningStreamsHaveEnded()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            await WriteAsync(events, "data: 1\n\n");
            await release.Task;
            await WriteAsync(events, "data: 2\n\n");
        });
        using TestClient idle = await server.ConnectAsync();
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.ReadHeadAsync();
        Assert.Equal("data: 1\n\n", await client.ReadChunkAsync());
        Task stop = server.Server.StopAsync(TimeSpan.FromSeconds(30));
        Assert.True(await idle.IsClosedAsync());
        await Assert.ThrowsAnyAsync<SocketException>(() => server.ConnectAsync());
        Assert.False(stop.IsCompleted);
        release.SetResult();
        Assert.Equal("data: 2\n\n", await client.ReadChunkAsync());
        Assert.Null(await client.ReadChunkAsync());
        Assert.True(await client.IsClosedAsync());
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, server.Server.Connections);
    }

    [Theory]
    [InlineData("localhost", 1)]
    [InlineData("127.0.0.1", 1)]
    [InlineData("0.0.0.0", 1)]
    [InlineData("::", 1)]
    [InlineData("[::1]", 1)]
    public async Task Server_ListensOnTheNamedHost(string host, int atLeast)
    {
        if (host.Contains(':', StringComparison.Ordinal)) Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        await using var server = new TestServer(null, new HttpServerOptions { Host = host });
        Assert.True(server.Server.LocalEndPoints.Count >= atLeast);
        Assert.Single(server.Server.LocalEndPoints.Select(point => point.Port).Distinct());
        foreach (IPEndPoint point in server.Server.LocalEndPoints)
        {
            IPAddress address = point.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
                : point.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : point.Address;
            using TestClient client = await TestClient.ConnectAsync(new IPEndPoint(address, point.Port));
            Assert.Equal(200, (await client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).Status);
        }
    }

    internal static async Task WriteAsync(EventStream events, string text)
    {
        int count = Encoding.UTF8.GetBytes(text, events.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)));
        events.Advance(count);
        events.EndEvent();
        await events.FlushAsync();
    }
}
