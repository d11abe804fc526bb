using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class TimeoutTests
{
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData("Head", 10)]
    [InlineData("Body", 5)]
    [InlineData("Idle", 120)]
    [InlineData("Linger", 1)]
    public void Clock_ExpiresAtTheLimitAndNotBefore(string phase, int seconds)
    {
        var clock = new ConnectionClock(_time, new HttpLimits());
        _time.Advance(TimeSpan.FromHours(1));
        clock.Enter(Enum.Parse<ConnectionPhase>(phase));
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
        Assert.False(clock.IsExpired());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(clock.IsExpired());
        clock.Enter(ConnectionPhase.Handler);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(clock.IsExpired());
    }

    [Fact]
    public void Clock_AsksABodyForItsRateAndItsTotalTime()
    {
        var clock = new ConnectionClock(_time, new HttpLimits());
        clock.Enter(ConnectionPhase.Body);
        for (int second = 1; second < 120; second++)
        {
            clock.CountBody(1024);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(clock.IsExpired());
        }
        clock.CountBody(1_000_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(clock.IsExpired());
    }

    [Fact]
    public void Clock_SeesAStalledSend()
    {
        var clock = new ConnectionClock(_time, new HttpLimits());
        clock.BeginSend();
        _time.Advance(TimeSpan.FromSeconds(29));
        clock.BeginSend(); // Progress.
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(clock.IsSendStalled());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(clock.IsSendStalled());
        clock.EndSend();
        Assert.False(clock.IsSendStalled());
    }

    [Fact]
    public async Task Server_AnswersASlowHeadWith408()
    {
        await using TestServer server = Serve(TestServer.EchoAsync);
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHos");
        TestAnswer answer = await _time.UntilAsync(client.ReadAsync());
        Assert.Equal(408, answer.Status);
        Assert.Equal("close", answer.Header("connection"));
        Assert.InRange(_time.Elapsed.TotalSeconds, 10, 12);
        Assert.True(await _time.UntilAsync(client.IsClosedAsync()));
    }

    [Fact]
    public async Task Server_AnswersASlowBodyWith408()
    {
        await using TestServer server = Serve(TestServer.EchoAsync);
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\nhello");
        TestAnswer answer = await _time.UntilAsync(client.ReadAsync());
        Assert.Equal(408, answer.Status);
        Assert.InRange(_time.Elapsed.TotalSeconds, 5, 7);
        await Eventually.HoldsAsync(() => server.Server.BodyBytes == 0);
    }

    [Fact]
    public async Task Server_ClosesAnIdleConnectionInSilence()
    {
        await using TestServer server = Serve(TestServer.EchoAsync);
        using TestClient client = await server.ConnectAsync();
        Assert.Equal(200, (await client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).Status);
        Assert.True(await _time.UntilAsync(client.IsClosedAsync()));
        Assert.InRange(_time.Elapsed.TotalSeconds, 120, 122);
    }

    [Fact]
    public async Task Server_DoesNotTimeAHandler()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestServer server = Serve(async exchange =>
        {
            called.SetResult();
            await release.Task;
            await TestServer.EchoAsync(exchange);
        });
        using TestClient client = await server.ConnectAsync();
        Task<TestAnswer> answer = client.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await called.Task.WaitAsync(TimeSpan.FromSeconds(10));
        for (int i = 0; i < 20; i++) _time.Advance(TimeSpan.FromMinutes(5));
        release.SetResult();
        Assert.Equal(200, (await answer).Status);
    }

    [Fact]
    public async Task Server_CutsAReaderThatHasStopped()
    {
        var outcome = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestServer server = Serve(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            try
            {
                // Far more than the buffers of both kernels take.
                for (int i = 0; i < 100_000; i++) await ServerTests.WriteAsync(events, new string('x', 10_000));
                outcome.SetResult("sent everything");
            }
            catch (OperationCanceledException)
            {
                outcome.SetResult(exchange.Aborted.IsCancellationRequested ? "aborted" : "cancelled");
            }
        });
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.Equal("aborted", await _time.UntilAsync(outcome.Task));
        Assert.True(_time.Elapsed >= TimeSpan.FromSeconds(30));
    }

    /// <summary>The end of lingering must not take away what the kernel has not delivered yet.</summary>
    [Fact]
    public async Task Server_LeavesTheAnswerToAReaderThatIsSlowerThanTheLinger()
    {
        byte[] body = new byte[150_000];
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestServer server = Serve(async exchange =>
        {
            await exchange.RespondAsync(200, "x/y", body);
            answered.SetResult();
        });
        using TestClient client = await server.ConnectAsync();
        client.Socket.ReceiveBufferSize = 4096;
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        await answered.Task.WaitAsync(TimeSpan.FromSeconds(10));
        for (int i = 0; i < 2000 && server.Server.Connections > 0; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(2);
        }
        Assert.Equal(0, server.Server.Connections);
        Assert.Equal(body.Length, (await client.ReadAsync()).Body.Length);
    }

    [Fact]
    public async Task Server_CutsStreamsThatOutliveTheDrain()
    {
        var gone = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestServer server = Serve(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            await using (exchange.Aborted.Register(() => gone.TrySetResult(true))) await gone.Task;
            exchange.Aborted.ThrowIfCancellationRequested();
        });
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.ReadHeadAsync();
        Task stop = server.Server.StopAsync(TimeSpan.FromSeconds(30));
        Assert.True(await _time.UntilAsync(gone.Task));
        Assert.InRange(_time.Elapsed.TotalSeconds, 30, 32);
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.DoesNotContain("0\r\n\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private TestServer Serve(RequestHandler handler) => new(handler, new HttpServerOptions { Time = _time });
}
