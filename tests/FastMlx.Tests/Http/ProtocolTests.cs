using System.Text;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class ProtocolTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    [Fact]
    public async Task Server_AnswersHeadWithoutABody()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        TestAnswer head = await client.AskAsync("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n", head: true);
        Assert.Equal("10", head.Header("content-length"));
        Assert.Equal("GET / ", (await client.AskAsync(Get)).Body);
    }

    [Fact]
    public async Task Server_KeepsAnOldConnectionOnRequest()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        TestAnswer answer = await client.AskAsync("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        Assert.Equal("keep-alive", answer.Header("connection"));
        Assert.Equal("close", (await client.AskAsync("GET / HTTP/1.0\r\n\r\n")).Header("connection"));
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Server_AsksForAnExpectedBodyOnlyWhenItIsRead()
    {
        await using var server = new TestServer(exchange => exchange.Path == "/no"
            ? exchange.RespondAsync(403, "text/plain", "no"u8.ToArray()).AsTask() : TestServer.EchoAsync(exchange));
        using TestClient client = await server.ConnectAsync();
        const string Head = " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        Assert.Equal(100, (await client.AskAsync("POST /yes" + Head)).Status);
        Assert.Equal("POST /yes hello", (await client.AskAsync("hello")).Body);
        Assert.Equal("POST /yes hello", (await client.AskAsync("POST /yes" + Head + "hello")).Body);
        TestAnswer refusal = await client.AskAsync("POST /no" + Head);
        Assert.Equal(403, refusal.Status);
        Assert.Equal("close", refusal.Header("connection"));
    }

    [Fact]
    public async Task Server_RefusesALargeBodyBeforeItComes()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        TestAnswer answer = await client.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 33554433\r\n\r\n");
        Assert.Equal(413, answer.Status);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Server_AcceptsABodyAtTheLimit()
    {
        var limits = new HttpLimits { BodyBytes = 1_000_000 };
        await using var server = new TestServer(
            async exchange => await exchange.RespondAsync(200, "text/plain", await exchange.ReadBodyAsync()),
            new HttpServerOptions { Limits = limits });
        using TestClient client = await server.ConnectAsync();
        string body = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i:d9}\n"));
        string counted = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
        Assert.Equal(body, (await client.AskAsync(counted + body)).Body);
        string chunks = string.Concat(body.Chunk(100_000).Select(chunk => $"186a0\r\n{new string(chunk)}\r\n"));
        string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        Assert.Equal(body, (await client.AskAsync(head + chunks + "0\r\n\r\n")).Body);
        Assert.Equal(413, (await client.AskAsync(head + chunks + "1\r\nx\r\n0\r\n\r\n")).Status);
    }

    /// <summary>Bytes that come after the answer must not be met with a reset, which can destroy the answer.</summary>
    [Fact]
    public async Task Server_DropsWhatComesAfterItsLastAnswer()
    {
        await using var server = new TestServer();
        for (int i = 0; i < 20; i++)
        {
            using TestClient client = await server.ConnectAsync();
            await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nbad\n");
            Assert.Equal(400, (await client.ReadAsync()).Status);
            await client.SendAsync(new byte[30_000]);
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            Assert.Equal(0, await client.Socket.ReceiveAsync(new byte[1])); // Throws where the peer has reset.
        }
    }

    [Fact]
    public async Task Server_DropsASmallBodyThatTheHandlerDidNotRead()
    {
        await using var server = new TestServer(
            exchange => exchange.RespondAsync(200, "text/plain", Encoding.ASCII.GetBytes(exchange.Path)).AsTask());
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
        await client.SendAsync("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync("5\r\nhello\r\n0\r\n\r\n");
        await client.SendAsync("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nhello");
        Assert.Equal("/a", (await client.ReadAsync()).Body);
        Assert.Equal("/b", (await client.ReadAsync()).Body);
        TestAnswer last = await client.ReadAsync();
        Assert.Equal("/c", last.Body);
        Assert.Equal("close", last.Header("connection"));
    }

    [Fact]
    public async Task Server_FormatsItsOwnErrors()
    {
        var options = new HttpServerOptions
        {
            FormatError = (path, status, reason) => new HttpErrorBody("application/json",
                Encoding.UTF8.GetBytes($"{path}|{status}|{reason}"), [new("request-id", "req_1")]),
        };
        await using var server = new TestServer(
            exchange => exchange.Path == "/throw" ? throw new InvalidOperationException("secret") :
            exchange.Path == "/reject" ? throw new HttpRejection(422, "what") : Task.CompletedTask, options);
        using TestClient client = await server.ConnectAsync();
        TestAnswer rejected = await client.AskAsync("GET /reject HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal("/reject|422|what", rejected.Body);
        Assert.Equal("req_1", rejected.Header("request-id"));
        TestAnswer thrown = await client.AskAsync("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal("/throw|500|The server failed to answer this request.", thrown.Body);
        using TestClient second = await server.ConnectAsync();
        Assert.Equal("/x|500|The server has no answer to this request.",
            (await second.AskAsync("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")).Body);
        using TestClient third = await server.ConnectAsync();
        Assert.Equal("|400|A field name is not valid.",
            (await third.AskAsync("GET /x HTTP/1.1\r\nHost : h\r\n\r\n")).Body);
    }

    [Fact]
    public async Task Server_CutsAStreamThatFailed()
    {
        await using var server = new TestServer(async exchange =>
        {
            EventStream events = await exchange.BeginEventsAsync();
            await ServerTests.WriteAsync(events, "data: 1\n\n");
            if (exchange.Path == "/throw") throw new InvalidOperationException("failed");
        });
        foreach (string path in new[] { "/throw", "/forgotten" })
        {
            using TestClient client = await server.ConnectAsync();
            await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
            Assert.DoesNotContain("0\r\n\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Server_RefusesConnectionsBeyondItsLimit()
    {
        await using var server = new TestServer(null, new HttpServerOptions { Limits = new() { Connections = 2 } });
        using TestClient first = await server.ConnectAsync();
        using TestClient second = await server.ConnectAsync();
        Assert.Equal(200, (await first.AskAsync(Get)).Status);
        Assert.Equal(200, (await second.AskAsync(Get)).Status);
        using (TestClient third = await server.ConnectAsync())
        {
            await third.SendAsync(Get);
            TestAnswer answer = await third.ReadAsync();
            Assert.Equal(503, answer.Status);
            Assert.Equal("close", answer.Header("connection"));
        }
        first.Socket.Close();
        await Eventually.HoldsAsync(() => server.Server.Connections == 1);
        using TestClient fourth = await server.ConnectAsync();
        Assert.Equal(200, (await fourth.AskAsync(Get)).Status);
    }

    [Fact]
    public async Task Server_RefusesABodyBeyondTheMemoryOfAll()
    {
        var limits = new HttpLimits { TotalBodyBytes = 100_000 };
        await using var server = new TestServer(null, new HttpServerOptions { Limits = limits });
        using TestClient client = await server.ConnectAsync();
        string body = new('x', 200_000);
        TestAnswer answer = await client.AskAsync(
            $"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n{body}");
        Assert.Equal(503, answer.Status);
        await Eventually.HoldsAsync(() => server.Server.BodyBytes == 0);
    }

    [Theory]
    [InlineData("X-Ok", "a\r\nb: c")]
    [InlineData("X Bad", "a")]
    [InlineData("", "a")]
    [InlineData("X-Ok", "\u4e00")]
    [InlineData("Content-Length", "5")]
    [InlineData("transfer-encoding", "chunked")]
    public async Task Exchange_RefusesAHeaderThatCouldSplitTheAnswer(string name, string value)
    {
        await using var server = new TestServer(async exchange =>
        {
            bool refused = false;
            try
            {
                exchange.SetHeader(name, value);
            }
            catch (ArgumentException)
            {
                refused = true;
            }
            await exchange.RespondAsync(refused ? 200 : 500, "text/plain", default);
        });
        using TestClient client = await server.ConnectAsync();
        Assert.Equal(200, (await client.AskAsync(Get)).Status);
    }

    [Fact]
    public async Task Exchange_SendsTheHandlersHeaders()
    {
        await using var server = new TestServer(async exchange =>
        {
            exchange.SetHeader("X-A", "1");
            exchange.SetHeader("x-a", "2");
            exchange.SetHeader("Set-Cookie", "a=1");
            exchange.SetHeader("Set-Cookie", "b=2");
            exchange.SetHeader("Connection", "close");
            await exchange.RespondAsync(204, "text/plain", "dropped"u8.ToArray());
        });
        using TestClient client = await server.ConnectAsync();
        TestAnswer answer = await client.AskAsync(Get);
        Assert.Equal("2", answer.Header("x-a"));
        Assert.Contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", answer.Head, StringComparison.Ordinal);
        Assert.Null(answer.Header("content-length"));
        Assert.Null(answer.Header("content-type"));
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Exchange_AnswersAHalfClosedPeer()
    {
        await using var server = new TestServer();
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync(Get + Get);
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal(200, (await client.ReadAsync()).Status);
        Assert.Equal(200, (await client.ReadAsync()).Status);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Exchange_ThatWasAnsweredStaysDead()
    {
        HttpExchange? first = null;
        await using var server = new TestServer(async exchange =>
        {
            if (first is null)
            {
                first = exchange;
                await using EventStream events = await exchange.BeginEventsAsync();
                return;
            }
            await Assert.ThrowsAsync<InvalidOperationException>(
                async () => await first.RespondAsync(200, "text/plain", "stale"u8.ToArray()));
            await exchange.RespondAsync(200, "text/plain", "fresh"u8.ToArray());
        });
        using TestClient client = await server.ConnectAsync();
        Assert.Empty((await client.AskAsync(Get)).Chunks);
        Assert.Equal("fresh", (await client.AskAsync(Get)).Body);
    }

    [Fact]
    public async Task Exchange_SendsALargeBodyWhole()
    {
        byte[] body = new byte[5_000_000];
        for (int i = 0; i < body.Length; i++) body[i] = (byte)(i * 31 % 251);
        await using var server = new TestServer(exchange => exchange.RespondAsync(200, "x/y", body).AsTask());
        using TestClient client = await server.ConnectAsync();
        Assert.Equal(Encoding.Latin1.GetString(body), (await client.AskAsync(Get)).Body);
    }
}
