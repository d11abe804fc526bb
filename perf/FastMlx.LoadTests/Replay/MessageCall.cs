using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace FastMlx.LoadTests.Replay;

/// <summary>
/// One request of a conversation, streamed and timed; keeps the answer's blocks as a client would send them back.
/// </summary>
internal sealed class MessageCall
{
    private readonly List<JsonObject> _blocks = [];
    private readonly StringBuilder _toolInput = new();
    private double _lastMs;

    public double FirstTokenMs { get; private set; }

    public double TotalMs { get; private set; }

    /// <summary>The longest time between two pieces of the answer.</summary>
    public double LargestGapMs { get; private set; }

    public int Pieces { get; private set; }

    public int Computed { get; private set; }

    public int Reused { get; private set; }

    public int OutputTokens { get; private set; }

    public int PromptTokens => Computed + Reused;

    public JsonArray Content => new([.. _blocks.Select(block => (JsonNode)block.DeepClone())]);

    /// <summary>Sends the body and reads the stream to its end; throws where it has none.</summary>
    public static async Task<MessageCall> RunAsync(
        HttpClient http, Uri server, JsonObject body, CancellationToken cancel = default)
    {
        var call = new MessageCall();
        long start = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/v1/messages"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("anthropic-version", "2023-06-01");
        using HttpResponseMessage response =
            await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync(cancel));
        var events = new SseReader(await response.Content.ReadAsStreamAsync(cancel));
        while (await events.ReadAsync(cancel))
        {
            double nowMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (JsonNode.Parse(events.Data.Span) is JsonObject message && call.Take(message, nowMs))
            {
                call.TotalMs = nowMs;
                return call;
            }
        }
        throw new InvalidOperationException("The stream ended without message_stop.");
    }

    // True at the end.
    private bool Take(JsonObject message, double nowMs)
    {
        switch ((string?)message["type"])
        {
            case "message_start":
                TakeUsage(message["message"]!["usage"]!.AsObject());
                break;
            case "content_block_start":
                _blocks.Add((JsonObject)message["content_block"]!.DeepClone());
                _toolInput.Clear();
                break;
            case "content_block_delta":
                // Signs of life while the prompt is read are deltas without text.
                if (TakeDelta(_blocks[^1], message["delta"]!.AsObject())) TakeTime(nowMs);
                break;
            case "content_block_stop" when (string?)_blocks[^1]["type"] == "tool_use":
                _blocks[^1]["input"] = JsonNode.Parse(_toolInput.Length == 0 ? "{}" : _toolInput.ToString());
                break;
            case "message_delta":
                TakeUsage(message["usage"]!.AsObject());
                break;
            case "error":
                throw new InvalidOperationException(message.ToJsonString());
            case "message_stop":
                return true;
            default:
                break;
        }
        return false;
    }

    private void TakeTime(double nowMs)
    {
        if (Pieces++ == 0) FirstTokenMs = nowMs;
        else LargestGapMs = Math.Max(LargestGapMs, nowMs - _lastMs);
        _lastMs = nowMs;
    }

    // Whether it brought anything.
    private bool TakeDelta(JsonObject block, JsonObject delta)
    {
        bool brings = false;
        foreach (string name in (string[])["text", "thinking", "signature", "partial_json"])
        {
            if ((string?)delta[name] is not { Length: > 0 } piece) continue;
            brings = true;
            if (name == "partial_json") _toolInput.Append(piece);
            else block[name] = (string?)block[name] + piece;
        }
        return brings;
    }

    private void TakeUsage(JsonObject usage)
    {
        // The last one counts: before the prompt is read, nothing is known to be reused.
        int Number(string name) => (int?)usage[name] ?? 0;
        OutputTokens = Number("output_tokens");
        Computed = Number("input_tokens") + Number("cache_creation_input_tokens");
        Reused = Number("cache_read_input_tokens");
    }
}
