using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace FastMlx.Cli.Talk;

/// <summary>
/// The verbs' side of the HTTP API: what any client could do, nothing more. No proxy: the server is near.
/// Throws <see cref="HttpRequestException"/> where the connection fails.
/// </summary>
internal sealed class ServerClient : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(10);
    private readonly HttpClient _http;

    public ServerClient(string baseUrl, string? apiKey)
    {
        BaseUrl = baseUrl;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(baseUrl),
            // A long prompt on a small machine is slow, not dead; the caller's token ends a wait.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        if (apiKey is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public string BaseUrl { get; }

    /// <summary>Asks /health; never throws for what it finds.</summary>
    public async Task<ServerPresence> LookAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Glance);
        try
        {
            using JsonDocument health = await GetAsync("/health", limit.Token);
            return !Text(health.RootElement, "state", out string state) || !Text(health.RootElement, "model", out _)
                ? ServerPresence.Stranger
                : state == "ready" ? ServerPresence.Ready : ServerPresence.Unready;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException s
            && s.SocketErrorCode is SocketError.ConnectionRefused or SocketError.HostUnreachable
                or SocketError.NetworkUnreachable)
        {
            return ServerPresence.Nobody;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return ServerPresence.Stranger;
        }
    }

    /// <exception cref="CliException">The server does not say what it serves.</exception>
    public async Task<ServerFacts> FactsAsync(CancellationToken cancellation)
    {
        using JsonDocument health = await GetAsync("/health", cancellation);
        using JsonDocument models = await GetAsync("/v1/models?limit=1000", cancellation);
        Dictionary<string, ModelFacts> found = [];
        if (models.RootElement.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement model in data.EnumerateArray())
            {
                if (Text(model, "id", out string id) && Number(model, "max_input_tokens", out int context)
                    && Number(model, "max_tokens", out int output))
                    found.TryAdd(id, new ModelFacts(context, output));
            }
        }

        Dictionary<string, string> families = [];
        if (health.RootElement.TryGetProperty("families", out JsonElement named)
            && named.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty family in named.EnumerateObject())
            {
                if (Text(named, family.Name, out string target) && found.ContainsKey(target))
                    families[family.Name] = target;
            }
        }

        if (Text(health.RootElement, "model", out string name) && found.ContainsKey(name))
            return new ServerFacts(name, found, families);
        throw new CliException(ExitCode.Failure, $"{BaseUrl} does not say which model it serves: is it FastMlx?");
    }

    public async Task<JsonDocument> GetAsync(string path, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await _http.GetAsync(path, cancellation);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation);
        return JsonDocument.Parse(body);
    }

    /// <summary>POST /v1/messages; the response's head is there, its body comes.</summary>
    /// <exception cref="CliException">Any status but 200, with the server's own sentence.</exception>
    public async Task<HttpResponseMessage> SendAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new("application/json") } },
        };
        HttpResponseMessage response = await _http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode == HttpStatusCode.OK)
            return response;
        using (response)
        {
            byte[] error = await response.Content.ReadAsByteArrayAsync(cancellation);
            throw new CliException(ExitCode.Failure, $"{BaseUrl} answered {(int)response.StatusCode}: {Reason(error)}");
        }
    }

    /// <summary>One short answer, to see that the whole path works.</summary>
    public async Task ProbeAsync(string model, CancellationToken cancellation)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            json.WriteNumber("max_tokens"u8, 1);
            json.WriteStartArray("messages"u8);
            json.WriteStartObject();
            json.WriteString("role"u8, "user"u8);
            json.WriteString("content"u8, "Hello"u8);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        using HttpResponseMessage response = await SendAsync(body.WrittenMemory, cancellation);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        if (!Text(answer.RootElement, "type", out string type) || type != "message")
            throw new CliException(ExitCode.Failure, $"{BaseUrl} does not answer as the Messages API does.");
    }

    public void Dispose() => _http.Dispose();

    private static string Reason(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.TryGetProperty("error", out JsonElement error)
                && Text(error, "message", out string text)
                ? text
                : "(no reason given)";
        }
        catch (JsonException)
        {
            return "(no reason given)"; // Not our kind of server; its status is all there is to say.
        }
    }

    private static bool Text(JsonElement element, string name, out string value)
    {
        value = "";
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out JsonElement property)
            || property.ValueKind != JsonValueKind.String)
            return false;
        value = property.GetString()!;
        return true;
    }

    private static bool Number(JsonElement element, string name, out int value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement property) && property.ValueKind == JsonValueKind.Number
            && property.TryGetInt32(out value);
    }
}
