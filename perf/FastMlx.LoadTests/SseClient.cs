using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace FastMlx.LoadTests;

/// <summary>
/// One streaming request to the Messages API, timed: <see cref="StartAsync"/> until the first piece of the answer,
/// <see cref="FinishAsync"/> until <c>message_stop</c>. The built-in runner and the NBomber scenario share it.
/// </summary>
internal sealed class SseClient(HttpClient http, LoadOptions options, RequestBodies bodies, long number)
    : IAsyncDisposable
{
    private readonly List<double> _gapsMs = [];
    private HttpResponseMessage? _response;
    private SseReader? _events;
    private long _lastPiece;
    private int _pieces;

    public string StatusCode { get; private set; } = "none";

    public string Error { get; private set; } = "";

    public long BytesRead => _events?.BytesRead ?? 0;

    /// <summary>From the send to the first text, thinking or tool delta.</summary>
    public double FirstTokenMs { get; private set; }

    /// <summary>From the first delta to the last.</summary>
    public double StreamMs { get; private set; }

    public IReadOnlyList<double> GapsMs => _gapsMs;

    /// <summary>What the server says in its usage; where it says nothing, the number of deltas.</summary>
    public int OutputTokens { get; private set; }

    /// <summary>Sends the request and waits for the first delta; false with an error where none comes.</summary>
    public async Task<bool> StartAsync(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(options.Url, "/v1/messages"))
        {
            Content = new ByteArrayContent(bodies.Next(number)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("anthropic-version", "2023-06-01");
        if (options.ApiKey is { } key) request.Headers.Add("x-api-key", key);
        try
        {
            _response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            StatusCode = ((int)_response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (!_response.IsSuccessStatusCode) return Fail(await _response.Content.ReadAsStringAsync(cancel));
            _events = new SseReader(await _response.Content.ReadAsStreamAsync(cancel));
            bool stopped = await ReadPieceAsync(cancel);
            FirstTokenMs = Stopwatch.GetElapsedTime(start, _lastPiece == 0 ? Stopwatch.GetTimestamp() : _lastPiece)
                .TotalMilliseconds;
            return !stopped || Error.Length > 0 ? Error.Length == 0 : Fail("The answer was empty.");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return Fail(error.Message);
        }
    }

    /// <summary>Reads the rest; false where the stream breaks off or has an error event.</summary>
    public async Task<bool> FinishAsync(CancellationToken cancel)
    {
        long first = _lastPiece;
        try
        {
            while (true)
            {
                long before = _lastPiece;
                bool stopped = await ReadPieceAsync(cancel);
                if (stopped) break;
                _gapsMs.Add(Stopwatch.GetElapsedTime(before, _lastPiece).TotalMilliseconds);
            }
            StreamMs = Stopwatch.GetElapsedTime(first, _lastPiece).TotalMilliseconds;
            if (OutputTokens == 0) OutputTokens = _pieces;
            return Error.Length == 0;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return Fail(error.Message);
        }
    }

    public ValueTask DisposeAsync()
    {
        _response?.Dispose();
        return default;
    }

    // Returns false after a delta, true at the end (with Error set where it is not a good one).
    private async ValueTask<bool> ReadPieceAsync(CancellationToken cancel)
    {
        while (await _events!.ReadAsync(cancel))
        {
            switch (ReadEvent(_events.Data.Span))
            {
                case "content_block_delta":
                    _lastPiece = Stopwatch.GetTimestamp();
                    _pieces++;
                    return false;
                case "message_stop":
                    return true;
                case "error":
                    Fail(Encoding.UTF8.GetString(_events.Data.Span));
                    return true;
                default:
                    break;
            }
        }
        Fail("The stream ended without message_stop.");
        return true;
    }

    private string ReadEvent(ReadOnlySpan<byte> data)
    {
        var json = new Utf8JsonReader(data);
        string type = "";
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName) continue;
            if (json.CurrentDepth == 1 && json.ValueTextEquals("type"u8) && json.Read()) type = json.GetString() ?? "";
            else if (json.ValueTextEquals("output_tokens"u8) && json.Read() && json.TryGetInt32(out int tokens))
                OutputTokens = Math.Max(OutputTokens, tokens);
        }
        return type;
    }

    private bool Fail(string error)
    {
        if (Error.Length == 0) Error = error.Length > 300 ? error[..300] : error;
        return false;
    }
}
