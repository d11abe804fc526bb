using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace FastMlx.LoadTests.Replay;

/// <summary>
/// A server of its own on a free port, with a disk cache of its own; stopped as a service manager would.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private ServerProcess(Process process, Uri address, HttpClient http)
    {
        _process = process;
        _http = http;
        Address = address;
    }

    public Uri Address { get; }

    /// <param name="binary">The <c>fastmlx</c> binary.</param>
    /// <param name="model">A folder or a name; null for the demo model.</param>
    /// <param name="cache">The disk cache's folder, or "off".</param>
    /// <param name="http">Asks whether it is ready.</param>
    public static async Task<ServerProcess> StartAsync(string binary, string? model, string cache, HttpClient http)
    {
        int port = FreePort();
        string[] options =
        [
            "serve", "--host", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture),
            "--disk-cache", cache, "--disk-cache-size", "20GB", .. model is null ? (string[])[] : ["--model", model],
        ];
        // Its log is of use only where it does not start.
        var process = Process.Start(new ProcessStartInfo(binary, options))!;
        var server = new ServerProcess(process, new Uri($"http://127.0.0.1:{port}"), http);
        for (int attempt = 0; attempt < 600 && !process.HasExited; attempt++)
        {
            if (await server.IsReadyAsync()) return server;
            await Task.Delay(100);
        }
        await server.DisposeAsync();
        throw new InvalidOperationException($"{binary} did not start.");
    }

    /// <summary>Processor time it has taken, over all threads: other work hardly moves it.</summary>
    public double ProcessorSeconds()
    {
        _process.Refresh();
        return _process.TotalProcessorTime.TotalSeconds;
    }

    public async Task<JsonObject> StatsAsync() =>
        JsonNode.Parse(await _http.GetStringAsync(new Uri(Address, "/stats")))!.AsObject();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri(Address, "/health"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
