using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using FastMlx.Chat;
using FastMlx.Chat.Output;

namespace FastMlx.Cli;

/// <summary>Collects the events of `debug parse` and writes them as one line.</summary>
internal sealed class ParseCollector : IChatEventSink
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _content = new();
    private readonly ArrayBufferWriter<byte> _reasoning = new();
    private readonly List<(string Name, string? Id, byte[] Arguments)> _calls = [];
    private ArrayBufferWriter<byte> _arguments = new();
    private (string Name, string? Id) _open;

    public TruncatedCall? TruncatedCall { get; set; }

    public bool HasStrayClose { get; set; }

    public void Text(ReadOnlySpan<byte> utf8) => _content.Write(utf8);

    public void Thinking(ReadOnlySpan<byte> utf8) => _reasoning.Write(utf8);

    public void ToolCallBegin(string name, string? wireId)
    {
        _open = (name, wireId);
        _arguments = new ArrayBufferWriter<byte>();
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => _arguments.Write(utf8Json);

    public void ToolCallEnd() => _calls.Add((_open.Name, _open.Id, _arguments.WrittenSpan.ToArray()));

    public void ToolCallCut() => _arguments = new ArrayBufferWriter<byte>();

    public void Write(Stream output)
    {
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("reasoning"u8, _reasoning.WrittenSpan);
            writer.WriteString("content"u8, _content.WrittenSpan);
            writer.WriteStartArray("calls"u8);
            foreach ((string name, string? id, byte[] arguments) in _calls)
                WriteCall(writer, name, id, arguments);
            writer.WriteEndArray();
            if (TruncatedCall is { } cut)
            {
                writer.WritePropertyName("truncated_call"u8);
                WriteCall(writer, cut.Name, cut.Id, System.Text.Encoding.UTF8.GetBytes(cut.ArgumentsJson));
            }
            writer.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    private static void WriteCall(Utf8JsonWriter writer, string name, string? id, ReadOnlySpan<byte> arguments)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WritePropertyName("arguments"u8);
        writer.WriteRawValue(arguments);
        if (id is not null)
            writer.WriteString("id"u8, id);
        writer.WriteEndObject();
    }
}
