using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.EndToEnd.Allocation;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Engine;
using FastMlx.Http;
using FastMlx.Hub;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.EndToEnd.Host;

/// <summary>The real composition on a free port of 127.0.0.1, over a scripted model or the embedded one.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly HttpServer _http;
    private readonly string? _ownHome;

    private TestServer(Server server, string? ownHome)
    {
        Server = server;
        _ownHome = ownHome;
        _http = ServerRun.Listen(server);
        server.StartBatches();
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_http.LocalEndPoints[0].Port}");
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(Url),
            Timeout = TimeSpan.FromMinutes(5),
        };
    }

    public Server Server { get; }

    public string Url { get; }

    public int Port => _http.LocalEndPoints[0].Port;

    public HttpClient Client { get; }

    /// <param name="script">From the prompt's text to the answer's.</param>
    /// <param name="change">Changes the options.</param>
    /// <param name="pace">Holds steps back.</param>
    /// <param name="time">The server's clock; the engine's is always the real one.</param>
    /// <param name="home">A folder to share with another server; null: one of its own.</param>
    /// <param name="limits">Changes the engine's limits.</param>
    public static async Task<TestServer> ScriptedAsync(
        Func<string, string> script,
        Func<ServerOptions, ServerOptions>? change = null,
        Pace? pace = null,
        TimeProvider? time = null,
        string? home = null,
        Func<EngineOptions, EngineOptions>? limits = null)
    {
        (ServerOptions options, string? own) = Options(change, home);
        ModelFolder folder = ModelFolder.Open(DemoModelFolder.Extract(options.HomeDirectory));
        TokenizerFolder tokenizer = TokenizerFolder.Load(folder.Directory);
        LoadedModel model = await ModelLoader.LoadAsync(
            options, "scripted", folder, () => new ScriptedModel(tokenizer, script, pace), TimeProvider.System,
            NullLogger.Instance, limits);
        return Over(options, model, own, time);
    }

    /// <summary>Several models, each loaded when it is asked for. See <see cref="FakeLoads"/>.</summary>
    public static TestServer Several(
        FakeLoads loads, Func<ServerOptions, ServerOptions>? change = null, TimeProvider? time = null)
    {
        (ServerOptions options, string? own) = Options(change, home: null);
        return new TestServer(
            new Server(options, loads.CreateSet(options), time ?? TimeProvider.System, NullLogger.Instance), own);
    }

    /// <summary>A model that says one text again and again until it is stopped.</summary>
    public static async Task<TestServer> LoopAsync(string text)
    {
        (ServerOptions options, string? own) = Options(change: null, home: null);
        ModelFolder folder = ModelFolder.Open(DemoModelFolder.Extract(options.HomeDirectory));
        HfTokenizer tokenizer = TokenizerFolder.Load(folder.Directory).Tokenizer;
        List<int> loop = [];
        tokenizer.Encode(text, parseSpecial: false, loop);
        LoadedModel model = await ModelLoader.LoadAsync(
            options, "loop", folder, () => new LoopModel(tokenizer.MaxId + 1, [.. loop]), TimeProvider.System,
            NullLogger.Instance);
        return Over(options, model, own);
    }

    /// <summary>The embedded model on the CPU engine.</summary>
    public static async Task<TestServer> DemoAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        (ServerOptions options, string? own) = Options(change, home: null);
        LoadedModel model = await ModelLoader.LoadAsync(
            options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        return Over(options, model, own);
    }

    public static string NewHome() => Directory.CreateTempSubdirectory("fastmlx-e2e-").FullName;

    public Task<Answer> PostAsync(string path, string json, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, json, headers);

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, string? json, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = Message(method, path, json, headers);
        using HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), HeadersOf(response));
    }

    /// <summary>Sends and returns when the headers are there; the body is read by the caller.</summary>
    public async Task<HttpResponseMessage> BeginAsync(string path, string json)
    {
        using HttpRequestMessage request = Message(HttpMethod.Post, path, json, []);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await _http.DisposeAsync();
        await Server.Models.DisposeAsync();
        if (_ownHome is not null)
            Directory.Delete(_ownHome, recursive: true);
    }

    private static TestServer Over(ServerOptions options, LoadedModel model, string? ownHome, TimeProvider? time = null)
    {
        var set = ModelSet.Of(options, model, TimeProvider.System);
        return new TestServer(new Server(options, set, time ?? TimeProvider.System, NullLogger.Instance), ownHome);
    }

    private static (ServerOptions Options, string? OwnHome) Options(
        Func<ServerOptions, ServerOptions>? change, string? home)
    {
        string folder = home ?? NewHome();
        var options = new ServerOptions
        {
            Host = "127.0.0.1",
            Port = 0,
            HomeDirectory = folder,
            Backend = "cpu",
            DefaultTemperature = 0,
        };
        return (change is null ? options : change(options), home is null ? folder : null);
    }

    private static HttpRequestMessage Message(
        HttpMethod method, string path, string? json, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static Dictionary<string, string> HeadersOf(HttpResponseMessage response) =>
        response.Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
}

/// <summary>What a server answered.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
