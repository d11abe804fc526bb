using System.Text;
using System.Text.Json;

namespace FastMlx.Cli.Talk;

/// <summary>
/// Reads the event stream of one answer: passes text on as it comes, and keeps the content as the next request must
/// send it back.
/// </summary>
internal sealed class StreamedAnswer(Action<string> text, Action<string> thought)
{
    private readonly List<AnswerBlock> _blocks = [];

    public string StopReason { get; private set; } = "";

    public int InputTokens { get; private set; }

    public int CachedTokens { get; private set; }

    public int OutputTokens { get; private set; }

    public string Text => string.Concat(_blocks.Where(b => b.Type == "text").Select(b => b.Text.ToString()));

    public IReadOnlyList<ToolCall> Calls =>
        [.. _blocks.Where(b => b.Type == "tool_use").Select(b => new ToolCall(b.Id, b.Name, b.Json))];

    /// <exception cref="CliException">The server ended the answer with an error, or the stream broke off.</exception>
    public async Task ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var lines = new StreamReader(stream, Encoding.UTF8);
        bool isWhole = false;
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (!line.StartsWith("data:", StringComparison.Ordinal))
                continue;
            using JsonDocument data = JsonDocument.Parse(line.AsMemory(5));
            isWhole |= Take(data.RootElement);
        }

        if (!isWhole)
            throw new CliException(ExitCode.Network, "The server broke the answer off.");
    }

    public void WriteContent(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (AnswerBlock block in _blocks)
            block.Write(json);
        json.WriteEndArray();
    }

    private bool Take(JsonElement data)
    {
        switch (data.GetProperty("type").GetString())
        {
            case "message_start":
                Count(data.GetProperty("message").GetProperty("usage"));
                break;
            case "content_block_start":
                _blocks.Add(AnswerBlock.Of(data.GetProperty("content_block")));
                break;
            case "content_block_delta":
                TakeDelta(data.GetProperty("delta"));
                break;
            case "message_delta":
                StopReason = data.GetProperty("delta").GetProperty("stop_reason").GetString() ?? "";
                Count(data.GetProperty("usage"));
                break;
            case "message_stop":
                return true;
            case "error":
                throw new CliException(
                    ExitCode.Failure, data.GetProperty("error").GetProperty("message").GetString() ?? "An error.");
        }

        return false;
    }

    private void TakeDelta(JsonElement delta)
    {
        AnswerBlock block = _blocks[^1];
        switch (delta.GetProperty("type").GetString())
        {
            case "text_delta":
                string piece = delta.GetProperty("text").GetString()!;
                block.Text.Append(piece);
                text(piece);
                break;
            case "thinking_delta":
                string idea = delta.GetProperty("thinking").GetString()!;
                block.Text.Append(idea);
                thought(idea);
                break;
            case "signature_delta":
                block.Signature += delta.GetProperty("signature").GetString();
                break;
            case "input_json_delta":
                block.Text.Append(delta.GetProperty("partial_json").GetString());
                break;
        }
    }

    private void Count(JsonElement usage)
    {
        InputTokens = Number(usage, "input_tokens") ?? InputTokens;
        CachedTokens = Number(usage, "cache_read_input_tokens") ?? CachedTokens;
        OutputTokens = Number(usage, "output_tokens") ?? OutputTokens;
    }

    private static int? Number(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out JsonElement n) && n.ValueKind == JsonValueKind.Number ? n.GetInt32() : null;
}
