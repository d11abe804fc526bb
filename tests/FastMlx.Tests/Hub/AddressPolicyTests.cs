using System.Net;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

public sealed class AddressPolicyTests
{
    private static readonly Uri Public = new("https://huggingface.co");
    private static readonly Uri Local = new("http://127.0.0.1:5000");

    [Theory]
    [InlineData("https://cdn.example.com/x", true)]
    [InlineData("https://18.4.5.6/x", true)]
    [InlineData("https://huggingface.co/other", true)]
    [InlineData("https://[2606:4700::1]/", true)]
    [InlineData("http://cdn.example.com/x", false)]
    [InlineData("http://huggingface.co/x", false)]
    [InlineData("https://localhost/", false)]
    [InlineData("https://127.0.0.1/", false)]
    [InlineData("http://127.0.0.1/", false)]
    [InlineData("https://127.1/", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://[::1]/", false)]
    [InlineData("https://[::ffff:127.0.0.1]/", false)]
    [InlineData("https://[64:ff9b::a00:1]/", false)]
    [InlineData("https://[2002:a00:1::]/", false)]
    [InlineData("https://169.254.169.254/", false)]
    [InlineData("https://10.1.2.3/", false)]
    [InlineData("https://172.31.255.255/", false)]
    [InlineData("https://192.168.1.1/", false)]
    [InlineData("https://100.127.0.1/", false)]
    [InlineData("https://224.0.0.1/", false)]
    [InlineData("https://255.255.255.255/", false)]
    [InlineData("https://a:b@cdn.example.com/", false)]
    [InlineData("gopher://cdn.example.com/", false)]
    public void Target_OfAPublicEndpoint(string target, bool allowed) =>
        Assert.Equal(allowed, AddressPolicy.Refuse(Public, new Uri(target)) is null);

    [Theory]
    [InlineData("http://127.0.0.1:5001/x", true)]
    [InlineData("http://localhost:5001/x", true)]
    [InlineData("https://cdn.example.com/x", true)]
    [InlineData("http://10.0.0.1/", false)]
    [InlineData("https://169.254.169.254/", false)]
    public void Target_OfALoopbackEndpoint(string target, bool allowed) => Assert.Equal(allowed,
        AddressPolicy.Refuse(Local, new Uri(target)) is null
        && (!IPAddress.TryParse(new Uri(target).IdnHost, out IPAddress? address)
            || AddressPolicy.MayConnect(Local, new Uri(target).IdnHost, address)));

    [Fact]
    public void NameThatResolvesToAPrivateAddress_IsNotConnectedTo()
    {
        Assert.False(AddressPolicy.MayConnect(Public, "cdn.example.com", IPAddress.Loopback));
        Assert.False(AddressPolicy.MayConnect(Public, "cdn.example.com", IPAddress.Parse("192.168.1.1")));
        Assert.True(AddressPolicy.MayConnect(Public, "huggingface.co", IPAddress.Parse("10.0.0.1")));
        Assert.True(AddressPolicy.MayConnect(Public, "cdn.example.com", IPAddress.Parse("18.1.1.1")));
        Assert.False(AddressPolicy.MayConnect(Local, "x.example", IPAddress.Parse("10.0.0.1")));
    }

    [Fact]
    public async Task PublicEndpointThatRedirectsHome_SendsNothingThere()
    {
        using var folder = new TemporaryFolder();
        foreach (string target in (string[])["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://localhost:9/"])
        {
            var handler = new RedirectingHandler(target);
            using var client = new HubClient(
                new HubOptions { CacheDirectory = folder["cache"], Endpoint = Public, Token = "hf_secret" },
                new DownloadSettings { Handler = handler });
            HubException e = await Assert.ThrowsAsync<HubException>(
                () => client.PullAsync(ModelName.Parse("org/model"), "main", null, default));
            Assert.Equal(HubProblem.Hostile, e.Kind);
            Assert.Equal(["huggingface.co"], handler.Hosts);
        }
    }

    [Fact]
    public async Task Token_StaysWithItsHost()
    {
        using var folder = new TemporaryFolder();
        var handler = new RedirectingHandler("https://huggingface.co.evil.example/x");
        using var client = new HubClient(
            new HubOptions { CacheDirectory = folder["cache"], Endpoint = Public, Token = "hf_secret" },
            new DownloadSettings { Handler = handler });
        await Assert.ThrowsAsync<HubException>(
            () => client.PullAsync(ModelName.Parse("org/model"), "main", null, default));
        Assert.Equal(["huggingface.co", "huggingface.co.evil.example"], handler.Hosts);
        Assert.Equal([true, false], handler.HadToken);
    }

    private sealed class RedirectingHandler(string target) : HttpMessageHandler
    {
        public List<string> Hosts { get; } = [];
        public List<bool> HadToken { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            Hosts.Add(request.RequestUri!.Host);
            HadToken.Add(request.Headers.Authorization is not null);
            var status = Hosts.Count == 1 ? HttpStatusCode.Redirect : HttpStatusCode.NotFound;
            var response = new HttpResponseMessage(status) { RequestMessage = request };
            response.Headers.Location = new Uri(target);
            return Task.FromResult(response);
        }
    }
}
