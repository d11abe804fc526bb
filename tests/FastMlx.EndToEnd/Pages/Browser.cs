using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace FastMlx.EndToEnd.Pages;

/// <summary>One tab of a headless Chromium, driven through the DevTools protocol. One test, one task.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Programs =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private string? _session;
    private int _number;

    private Browser(Process process, string profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Starts it; skips the test, aloud, where there is none.</summary>
    public static async Task<Browser> StartAsync()
    {
        string? program = Programs.FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "No Chromium is installed (Debian: apt install chromium).");
        string profile = Directory.CreateTempSubdirectory("fastmlx-browser-").FullName;
        var start = new ProcessStartInfo(program!, [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var browser = new Browser(Process.Start(start)!, profile);
        try
        {
            await browser.ConnectAsync().WaitAsync(Limit);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    public async Task OpenAsync(string url)
    {
        await SendAsync("Page.navigate", new JsonObject { ["url"] = url });
        await UntilAsync("document.readyState === 'complete'");
    }

    /// <summary>The value of an expression; a promise is awaited.</summary>
    public async Task<JsonElement> EvaluateAsync(string expression)
    {
        JsonElement result = await SendAsync("Runtime.evaluate", new JsonObject
        {
            ["expression"] = expression,
            ["awaitPromise"] = true,
            ["returnByValue"] = true,
        });
        Assert.False(result.TryGetProperty("exceptionDetails", out JsonElement fault), $"{expression}: {fault}");
        return result.GetProperty("result").TryGetProperty("value", out JsonElement value) ? value : default;
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task UntilAsync(string condition)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Limit)
        {
            if ((await EvaluateAsync($"!!({condition})")).ValueKind == JsonValueKind.True)
                return;
            await Task.Delay(50);
        }

        Assert.Fail($"Not within {Limit}: {condition}; the page says: "
            + await EvaluateAsync("document.body.innerText"));
    }

    /// <summary>The window's size and colour scheme.</summary>
    public async Task LookAsync(int width, int height, bool dark)
    {
        await SendAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject
            {
                ["name"] = "prefers-color-scheme",
                ["value"] = dark ? "dark" : "light",
            }),
        });
        await SendAsync("Emulation.setDeviceMetricsOverride", new JsonObject
        {
            ["width"] = width,
            ["height"] = height,
            ["deviceScaleFactor"] = 1,
            ["mobile"] = false,
        });
    }

    /// <summary>A PNG of the whole page.</summary>
    public async Task ShootAsync(string file)
    {
        JsonElement shot = await SendAsync(
            "Page.captureScreenshot", new JsonObject { ["captureBeyondViewport"] = true });
        await File.WriteAllBytesAsync(file, shot.GetProperty("data").GetBytesFromBase64());
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A helper process still writes there; the temporary folder is the system's to clear.
        }
    }

    private async Task ConnectAsync()
    {
        const string Says = "DevTools listening on ";
        string? line;
        do
        {
            line = await _process.StandardError.ReadLineAsync();
            Assert.True(line is not null, "Chromium ended before it listened.");
        }
        while (!line.StartsWith(Says, StringComparison.Ordinal));

        // Read on, or a full pipe would stop it.
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        await _socket.ConnectAsync(new Uri(line[Says.Length..]), CancellationToken.None);
        JsonElement target = await SendAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" });
        JsonElement attached = await SendAsync("Target.attachToTarget", new JsonObject
        {
            ["targetId"] = target.GetProperty("targetId").GetString(),
            ["flatten"] = true,
        });
        _session = attached.GetProperty("sessionId").GetString();
        await SendAsync("Page.enable", []);
    }

    private async Task<JsonElement> SendAsync(string method, JsonObject parameters)
    {
        int number = ++_number;
        var message = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
            message["sessionId"] = _session;
        using var limit = new CancellationTokenSource(Limit);
        await _socket.SendAsync(
            Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, limit.Token);
        while (true)
        {
            JsonElement answer = await ReceiveAsync(limit.Token);
            if (!answer.TryGetProperty("id", out JsonElement id) || id.GetInt32() != number)
                continue;
            Assert.False(answer.TryGetProperty("error", out JsonElement error), $"{method}: {error}");
            return answer.GetProperty("result");
        }
    }

    private async Task<JsonElement> ReceiveAsync(CancellationToken cancellation)
    {
        using var whole = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, cancellation);
            whole.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);

        return JsonDocument.Parse(whole.ToArray()).RootElement;
    }
}
