using System.Buffers;
using System.Text.Json;

namespace FastMlx.Cli.Talk;

/// <summary>What `run` and `chat` send: turns, instructions and tools, as a body of the Messages API.</summary>
internal sealed class Conversation(string model, int maxTokens)
{
    private readonly List<Action<Utf8JsonWriter>> _turns = [];

    public string? Instructions { get; set; }

    /// <summary>A JSON array of tools in the form of the Messages API; null for none.</summary>
    public string? Tools { get; set; }

    public void Clear() => _turns.Clear();

    public void AddUser(string text) => Add("user", json => json.WriteString("content"u8, text));

    public void AddAnswer(StreamedAnswer answer) => Add("assistant", json =>
    {
        json.WritePropertyName("content"u8);
        answer.WriteContent(json);
    });

    public void AddResults(IReadOnlyList<(string Id, string Result)> results) => Add("user", json =>
    {
        json.WriteStartArray("content"u8);
        foreach ((string id, string result) in results)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "tool_result"u8);
            json.WriteString("tool_use_id"u8, id);
            json.WriteString("content"u8, result);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Takes the last turn back, which got no answer.</summary>
    public void DropLast() => _turns.RemoveAt(_turns.Count - 1);

    public ReadOnlyMemory<byte> Body()
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        json.WriteNumber("max_tokens"u8, maxTokens);
        json.WriteBoolean("stream"u8, true);
        if (Instructions is not null)
            json.WriteString("system"u8, Instructions);
        if (Tools is not null)
        {
            json.WritePropertyName("tools"u8);
            json.WriteRawValue(Tools);
        }

        json.WriteStartArray("messages"u8);
        foreach (Action<Utf8JsonWriter> turn in _turns)
            turn(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }

    private void Add(string role, Action<Utf8JsonWriter> content) => _turns.Add(json =>
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        content(json);
        json.WriteEndObject();
    });
}
