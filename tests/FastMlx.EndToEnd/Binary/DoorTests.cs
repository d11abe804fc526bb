using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using Xunit;

namespace FastMlx.EndToEnd.Binary;

/// <summary>Verbs that talk to a server: they find one, start one, or say what is in the way.</summary>
public sealed class DoorTests : IDisposable
{
    private readonly string _home = TestServer.NewHome();

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private static string PortOf(string url) => url[(url.LastIndexOf(':') + 1)..];

    private Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments) =>
        FastMlxProcess.RunAsync(_home, arguments);

    [Fact]
    public async Task Run_StartsAServer_ThatEndsWithIt()
    {
        (int code, string output, string errors) = await RunAsync("run", "Hello", "--json", "--port", FreePort());
        Assert.True(code == 0, errors);
        Assert.Equal("fastmlx-demo", JsonDocument.Parse(output).RootElement.GetProperty("model").GetString());
        Assert.Contains("starting a server", errors, StringComparison.Ordinal);
        string log = Path.Combine(_home, "logs", "launched-server.log");
        Assert.Contains("Stopping", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_UsesTheServerThatRuns_UnlessItLacksTheModel()
    {
        await using FastMlxProcess serve = FastMlxProcess.Start(_home, ["serve", "--host", "127.0.0.1", "--port", "0"]);
        string port = PortOf(await serve.UrlAsync());
        (int code, _, string errors) = await RunAsync("run", "Hello", "--port", port, "--verbose");
        Assert.True(code == 0, errors);
        Assert.Contains("using the server on", errors, StringComparison.Ordinal);
        Assert.Contains("--verbose changes nothing", errors, StringComparison.Ordinal);
        string other = Directory.CreateDirectory(Path.Combine(_home, "other-model")).FullName;
        foreach (string file in Directory.GetFiles(FastMlx.Composition.DemoModelFolder.Extract(_home)))
            File.Copy(file, Path.Combine(other, Path.GetFileName(file)));
        (code, _, errors) = await RunAsync("run", "Hello", "--port", port, "--model", other);
        Assert.True(code == 0, errors);
        Assert.Contains("starting another", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StrangerOnThePort_IsLeftAlone()
    {
        await using Stranger stranger = Stranger.Start();
        (int code, _, string errors) = await RunAsync("run", "Hello", "--port", stranger.Port);
        Assert.True(code == 0, errors);
        Assert.Contains("starting a server", errors, StringComparison.Ordinal);
        (code, _, errors) = await RunAsync("env", "claude", "--port", stranger.Port);
        Assert.Equal(4, code);
        Assert.Contains("is not FastMlx", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_IsSaid_WithWhatToDo()
    {
        (int code, _, string errors) = await RunAsync("env", "claude", "--port", FreePort());
        Assert.Equal(4, code);
        Assert.Contains("fastmlx serve", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "no/such/name", "is not a model's name")]
    [InlineData(3, "./no-such-folder", "does not exist")]
    [InlineData(4, "org/never-pulled", "HF_HUB_OFFLINE")]
    public async Task ModelThatIsNotThere_EndsTheVerb_WithTheServersReason(int expected, string model, string says)
    {
        (int code, _, string errors) = await FastMlxProcess.RunAsync(
            _home, ["run", "Hello", "--port", FreePort(), "--model", model], ("HF_HUB_OFFLINE", "1"));
        Assert.True(code == expected, $"{code}: {errors}");
        Assert.DoesNotContain("downloading it.\n", errors.Replace("forbids downloading it", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(says, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_WithoutClaude_IsNotFound_BeforeAnyServerStarts()
    {
        (int code, _, string errors) = await FastMlxProcess.RunAsync(
            _home, ["launch", "claude", "--port", FreePort()], ("PATH", "/nowhere"));
        Assert.Equal(3, code);
        Assert.Contains("npm install", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("starting", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_GivesClaudeItsVariables_AndPassesItsExitCodeOn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no sh.");
        string fake = Path.Combine(_home, "claude");
        await File.WriteAllTextAsync(fake, "#!/bin/sh\nenv | grep -E '^(ANTHROPIC|CLAUDE)' ; echo \"args: $*\"; exit 5\n");
        File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (int code, string output, string errors) = await FastMlxProcess.RunAsync(
            _home, ["launch", "claude", "--claude", fake, "--port", FreePort(), "--lite", "--", "-p", "x y"],
            ("ANTHROPIC_API_KEY", "mine"));
        Assert.True(code == 5, errors);
        Assert.Contains("ANTHROPIC_MODEL=fastmlx-demo\n", output, StringComparison.Ordinal);
        Assert.Contains("CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT=1\n", output, StringComparison.Ordinal);
        Assert.Contains("args: --tools Bash,Edit,Read,Write -p x y\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("ANTHROPIC_API_KEY", output, StringComparison.Ordinal);
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Another program's web server.</summary>
    private sealed class Stranger : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private Task _answering = Task.CompletedTask;

        public string Port => ((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        public static Stranger Start()
        {
            var stranger = new Stranger();
            stranger._listener.Start();
            stranger._answering = stranger.AnswerAsync();
            return stranger;
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _answering;
        }

        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync();
                    byte[] buffer = new byte[4096];
                    _ = await client.GetStream().ReadAsync(buffer);
                    await client.GetStream().WriteAsync(
                        Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"));
                }
            }
            catch (SocketException)
            {
                // Stopped.
            }
        }
    }
}
