using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastMlx.EndToEnd.Host;
using Xunit;

namespace FastMlx.EndToEnd.Binary;

/// <summary>The life of `serve` as a service manager sees it: ready, drain, end.</summary>
public sealed class ServiceTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _home = TestServer.NewHome();

    // Long enough to be there when the signal comes: the demo model writes some thousand tokens a second at most.
    private static string Long(int tokens) =>
        $$"""{"model":"m","prompt":"Once","max_tokens":{{tokens}},"stream":true,"ignore_eos":true}""";

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Systemd_HearsReadyAndStopping()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        string path = Path.Combine(_home, "notify.sock");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        await using FastMlxProcess serve = FastMlxProcess.Start(
            _home, ["serve", "--port", "0"], ("NOTIFY_SOCKET", path));
        Assert.Equal("READY=1", await HearAsync(socket));
        string url = await serve.UrlAsync();
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(url + "/health")).StatusCode);
        serve.Signal("TERM");
        Assert.Equal("STOPPING=1", await HearAsync(socket));
        Assert.Equal(0, await serve.EndAsync());
    }

    [Fact]
    public async Task FirstSignal_LetsARunningAnswerEnd_AndTakesNoNewOnes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        await using FastMlxProcess serve = FastMlxProcess.Start(_home, ["serve", "--port", "0"]);
        string url = await serve.UrlAsync();
        using var client = new HttpClient();
        using HttpResponseMessage answer = await BeginAsync(client, url, Long(1500));
        serve.Signal("TERM");
        string text = await answer.Content.ReadAsStringAsync().WaitAsync(Limit);
        Assert.Contains("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\"", text, StringComparison.Ordinal);
        Assert.Equal(0, await serve.EndAsync());
        Assert.Contains("running answers have 30 s", serve.Errors, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(url + "/health"));
    }

    [Fact]
    public async Task SecondSignal_EndsAtOnce()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        await using FastMlxProcess serve = FastMlxProcess.Start(_home, ["serve", "--port", "0"]);
        string url = await serve.UrlAsync();
        using var client = new HttpClient();
        using HttpResponseMessage answer = await BeginAsync(client, url, Long(120_000));
        serve.Signal("TERM");
        await SayingAsync(serve, "running answers have 30 s");
        var watch = Stopwatch.StartNew();
        serve.Signal("TERM"); // A shell's background jobs, and so a test run in one, are born deaf to INT.
        Assert.Equal(0, await serve.EndAsync());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        // What is cut must not look whole.
        string? text = null;
        try
        {
            text = await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            // The connection broke off, which says it too.
        }

        Assert.DoesNotContain("[DONE]", text ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakenPort_IsSaid_WithItsExitCode()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        (int code, _, string errors) = await FastMlxProcess.RunAsync(
            _home, ["serve", "--host", "127.0.0.1", "--port", port]);
        Assert.Equal(7, code);
        Assert.Contains($"port {port}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoModels_AreServedByName()
    {
        string a = CopyDemo("first"), b = CopyDemo("second");
        await using FastMlxProcess serve = FastMlxProcess.Start(
            _home, ["serve", "--port", "0", "--model", a, "--model", b, "--alias", "haiku=second"]);
        string url = await serve.UrlAsync();
        using var client = new HttpClient();
        string health = await client.GetStringAsync(url + "/health");
        Assert.Contains("\"first\":\"ready\",\"second\":\"absent\"", health, StringComparison.Ordinal);
        using var content = new StringContent(
            """{"model":"claude-haiku-4-5","max_tokens":8,"messages":[{"role":"user","content":"Hello"}]}""",
            Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(url + "/v1/messages", content)).StatusCode);
        Assert.Contains("\"second\":\"ready\"", await client.GetStringAsync(url + "/health"), StringComparison.Ordinal);
        (int code, string output, _) = await FastMlxProcess.RunAsync(
            _home, ["env", "claude", "--json", "--host", "127.0.0.1", "--port", url[(url.LastIndexOf(':') + 1)..]]);
        Assert.Equal(0, code);
        Assert.Contains("\"ANTHROPIC_DEFAULT_HAIKU_MODEL\":\"second\"", output, StringComparison.Ordinal);
        Assert.Contains("\"ANTHROPIC_MODEL\":\"first\"", output, StringComparison.Ordinal);
    }

    private string CopyDemo(string name)
    {
        string folder = FastMlx.Composition.DemoModelFolder.Extract(_home);
        string copy = Directory.CreateDirectory(Path.Combine(_home, "models", name)).FullName;
        foreach (string file in Directory.GetFiles(folder))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private static async Task<string> HearAsync(Socket socket)
    {
        byte[] buffer = new byte[256];
        using var limit = new CancellationTokenSource(Limit);
        int count = await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, count);
    }

    private static async Task SayingAsync(FastMlxProcess process, string text)
    {
        for (int i = 0; i < 6000 && !process.Errors.Contains(text, StringComparison.Ordinal); i++)
            await Task.Delay(10);
        Assert.Contains(text, process.Errors, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> BeginAsync(HttpClient client, string url, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/v1/completions")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
