using System.Net;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class AccessPolicyTests
{
    private static readonly AccessPolicy Open = new(new AccessOptions());

    private static readonly AccessPolicy Keyed = new(new AccessOptions { ApiKey = "sécret" });

    private static readonly AccessRequest Local = new()
    {
        Method = "POST",
        Path = "/v1/messages",
        Remote = new IPEndPoint(IPAddress.Loopback, 50_000),
        Local = new IPEndPoint(IPAddress.Loopback, 8000),
        Host = "localhost:8000",
        ContentType = "application/json",
        HasBody = true,
    };

    private static readonly AccessRequest Network = Local with
    {
        Remote = new IPEndPoint(IPAddress.Parse("192.168.1.9"), 50_000),
        Local = new IPEndPoint(IPAddress.Parse("192.168.1.5"), 8000),
        Host = "192.168.1.5:8000",
    };

    [Theory]
    [InlineData("localhost:8000", 0)]
    [InlineData("LOCALHOST:8000", 0)]
    [InlineData("127.0.0.1:8000", 0)]
    [InlineData("[::1]:8000", 0)]
    [InlineData(null, 403)]
    [InlineData("", 403)]
    [InlineData("localhost", 403)]
    [InlineData("localhost:80", 403)]
    [InlineData("localhost:8001", 403)]
    [InlineData("localhost.:8000", 403)]
    [InlineData("evil.example:8000", 403)]
    [InlineData("localhost.evil.example:8000", 403)]
    [InlineData("127.0.0.2:8000", 403)]
    [InlineData("0.0.0.0:8000", 403)]
    [InlineData("127.1:8000", 403)]
    [InlineData("2130706433:8000", 403)]
    [InlineData("[::ffff:127.0.0.1]:8000", 403)]
    [InlineData("192.168.1.5:8000", 403)]
    [InlineData("user@localhost:8000", 403)]
    [InlineData("box.local:8000", 403)]
    public void Host_OfALocalPeerMustNameThisMachine(string? host, int status) =>
        Assert.Equal(status, Open.Check(Local with { Host = host }).Status);

    [Theory]
    [InlineData("192.168.1.5:8000", 0)]
    [InlineData("localhost:8000", 0)]
    [InlineData("192.168.1.5", 403)]
    [InlineData("192.168.1.6:8000", 403)]
    [InlineData("192.168.261:8000", 403)]
    [InlineData("3232235781:8000", 403)]
    [InlineData("0xC0A80105:8000", 403)]
    [InlineData("evil.example:8000", 403)]
    public void Host_OfANetworkPeerMayBeTheAddressItReached(string host, int status) =>
        Assert.Equal(status, Keyed.Check(Network with { Host = host, ApiKey = "sécret" }).Status);

    [Fact]
    public void Host_MayBeALocalIPv6Address()
    {
        AccessRequest request = Network with
        {
            Local = new IPEndPoint(IPAddress.Parse("fd00::5"), 8000),
            Host = "[FD00:0::5]:8000",
            ApiKey = "sécret",
        };
        Assert.True(Keyed.Check(request).Allowed);
        Assert.Equal(403, Keyed.Check(request with { Host = "[fd00::6]:8000" }).Status);
    }

    [Theory]
    [InlineData("box.local:8000", 0)]
    [InlineData("box.local:443", 403)]
    [InlineData("api.example:443", 0)]
    [InlineData("api.example", 403)]
    [InlineData("api.example:8000", 403)]
    public void Host_MayBeAConfiguredName(string host, int status)
    {
        var policy = new AccessPolicy(new AccessOptions { HostNames = ["box.local", "api.example:443"] });
        Assert.Equal(status, policy.Check(Local with { Host = host }).Status);
    }

    [Fact]
    public void Host_NeedsNoPortOnPort80()
    {
        AccessRequest request = Local with { Local = new IPEndPoint(IPAddress.Loopback, 80) };
        Assert.True(Open.Check(request with { Host = "localhost" }).Allowed);
        Assert.True(Open.Check(request with { Host = "localhost:80" }).Allowed);
        Assert.Equal(403, Open.Check(request with { Host = "localhost:8000" }).Status);
    }

    [Theory]
    [InlineData("http://localhost:8000", null, 0)]
    [InlineData("http://localhost:8000", "same-origin", 0)]
    [InlineData(null, "same-origin", 0)]
    [InlineData(null, "none", 0)]
    [InlineData(null, "cross-site", 403)]
    [InlineData(null, "same-site", 403)]
    [InlineData(null, "", 403)]
    [InlineData("http://localhost:8000", "cross-site", 403)]
    [InlineData("http://127.0.0.1:8000", null, 403)]
    [InlineData("http://localhost:3000", null, 403)]
    [InlineData("http://localhost", null, 403)]
    [InlineData("http://evil.example", null, 403)]
    [InlineData("null", null, 403)]
    [InlineData("", null, 403)]
    [InlineData("file://", null, 403)]
    [InlineData("chrome-extension://abcdef", null, 403)]
    [InlineData("https://chat.example", "cross-site", 0)]
    [InlineData("http://chat.example", "cross-site", 403)]
    [InlineData("https://chat.example.evil.example", null, 403)]
    public void Origin_MustBeOursOrAllowed(string? origin, string? site, int status)
    {
        var policy = new AccessPolicy(new AccessOptions { Origins = ["https://chat.example"] });
        Assert.Equal(status, policy.Check(Local with { Origin = origin, SecFetchSite = site }).Status);
    }

    [Theory]
    [InlineData("POST", "application/json", true, 0)]
    [InlineData("POST", "Application/JSON; charset=utf-8", true, 0)]
    [InlineData("POST", "application/json ;charset=utf-8", true, 0)]
    [InlineData("POST", null, false, 0)]
    [InlineData("POST", null, true, 415)]
    [InlineData("POST", "", true, 415)]
    [InlineData("POST", "text/plain", true, 415)]
    [InlineData("POST", "text/plain; application/json", true, 415)]
    [InlineData("POST", "application/jsonx", true, 415)]
    [InlineData("POST", "application/x-www-form-urlencoded", false, 415)]
    [InlineData("POST", "multipart/form-data; boundary=x", true, 415)]
    [InlineData("PUT", "text/plain", true, 415)]
    [InlineData("GET", null, false, 0)]
    [InlineData("DELETE", null, false, 0)]
    public void ContentType_OfABodyMustBeJson(string method, string? type, bool hasBody, int status) =>
        Assert.Equal(status, Open.Check(Local with { Method = method, ContentType = type, HasBody = hasBody }).Status);

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 0)]
    [InlineData(null, 0)]
    public void ContentEncoding_MustBeNone(string? coding, int status) =>
        Assert.Equal(status, Open.Check(Local with { ContentEncoding = coding }).Status);

    [Fact]
    public void Key_IsAskedOfNetworkPeersOnly()
    {
        Assert.True(Open.Check(Local).Allowed);
        Assert.True(Keyed.Check(Local).Allowed);
        Assert.True(Keyed.Check(Local with { ApiKey = "wrong" }).Allowed);
        Assert.Equal(401, Keyed.Check(Network).Status);
        Assert.Equal(401, Keyed.Check(Network with { ApiKey = "wrong" }).Status);
        Assert.Equal(401, Keyed.Check(Network with { ApiKey = "" }).Status);
        Assert.True(Keyed.Check(Network with { ApiKey = "sécret" }).Allowed);
    }

    [Theory]
    [InlineData("Bearer sécret", 0)]
    [InlineData("bearer sécret", 0)]
    [InlineData("Bearer  sécret ", 0)]
    [InlineData("sécret", 401)]
    [InlineData("Basic sécret", 401)]
    [InlineData("Bearer", 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Bearer wrong", 401)]
    public void Key_MayComeAsABearer(string authorization, int status) =>
        Assert.Equal(status, Keyed.Check(Network with { Authorization = authorization }).Status);

    [Fact]
    public void Key_OfEitherKindIsEnough()
    {
        Assert.True(Keyed.Check(Network with { ApiKey = "x", Authorization = "Bearer sécret" }).Allowed);
        Assert.True(Keyed.Check(Network with { ApiKey = "sécret", Authorization = "Bearer x" }).Allowed);
    }

    [Fact]
    public void Key_ThatIsNotConfiguredShutsTheNetworkOut()
    {
        AccessDecision decision = Open.Check(Network with { ApiKey = "anything" });
        Assert.Equal(401, decision.Status);
        Assert.Contains("API_KEY", decision.Reason, StringComparison.Ordinal);
        Assert.Equal(401, Open.Check(Network with { Method = "GET", Path = "/", HasBody = false }).Status);
        var empty = new AccessPolicy(new AccessOptions { ApiKey = "" });
        Assert.Equal(401, empty.Check(Network with { ApiKey = "" }).Status);
    }

    [Theory]
    [InlineData("GET", "/health", 0)]
    [InlineData("HEAD", "/health", 0)]
    [InlineData("POST", "/health", 401)]
    [InlineData("GET", "/Health", 401)]
    [InlineData("GET", "/health/", 401)]
    [InlineData("GET", "/", 0)]
    [InlineData("HEAD", "/", 0)]
    [InlineData("POST", "/", 401)]
    [InlineData("GET", "/stats", 401)]
    [InlineData("GET", "/v1/models", 401)]
    [InlineData("GET", "/no/such/path", 401)]
    public void Key_IsAskedOnEveryPathButHealthAndThePage(string method, string path, int status) =>
        Assert.Equal(status, Keyed.Check(Network with { Method = method, Path = path, HasBody = false }).Status);

    [Fact]
    public void Key_CanBeAskedOfLocalPeersToo()
    {
        var policy = new AccessPolicy(new AccessOptions { ApiKey = "k", LoopbackNeedsKey = true });
        Assert.Equal(401, policy.Check(Local).Status);
        Assert.True(policy.Check(Local with { ApiKey = "k" }).Allowed);
        Assert.True(new AccessPolicy(new AccessOptions { LoopbackNeedsKey = true }).Check(Local).Allowed);
    }

    [Fact]
    public async Task Policy_ReadsTheRequestFromAnExchange()
    {
        await using var server = new TestServer(async exchange =>
        {
            AccessDecision decision = Open.Check(exchange);
            await exchange.RespondAsync(decision.Allowed ? 200 : decision.Status, "text/plain", default);
        });
        using TestClient client = await server.ConnectAsync();
        string request = $"POST / HTTP/1.1\r\nHost: {server.Authority}\r\n";
        const string Json = "Content-Type: application/json\r\n";
        Assert.Equal(200, (await client.AskAsync(request + Json + "\r\n")).Status);
        Assert.Equal(403, (await client.AskAsync(request + Json + "Origin: http://evil.example\r\n\r\n")).Status);
        Assert.Equal(415, (await client.AskAsync(request + "Content-Type: text/plain\r\n\r\n")).Status);
        Assert.Equal(403, (await client.AskAsync("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")).Status);
    }
}
