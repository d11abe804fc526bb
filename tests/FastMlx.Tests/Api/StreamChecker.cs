using System.Text.Json;

namespace FastMlx.Tests.Api;

/// <summary>
/// A strict checker of Anthropic message streams (contract §12.1 and §13): grammar, indexes, fields, JSON of tool inputs,
/// signatures, usage. Written against the contract, not against our writer.
/// </summary>
internal sealed class StreamChecker
{
    private static readonly string[] StopReasons =
        ["end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"];

    private readonly List<string> _violations = [];
    private readonly HashSet<string> _ids = [];
    private string _state = "start";
    private int _next;
    private string? _block;
    private string _input = "";
    private int _inputDeltas;
    private int _signatures;
    private string? _stop;
    private int _calls;
    private bool _lastCallIsCut;
    private readonly string? _model;

    private StreamChecker(string? model) => _model = model;

    /// <summary>What is wrong with the stream; empty: nothing. An error event is legal and ends it.</summary>
    public static List<string> Check(string stream, string? model = null)
    {
        var checker = new StreamChecker(model);
        foreach (SseEvent item in SseEvent.Parse(stream, checker._violations))
            checker.Take(item);
        checker.End();
        return checker._violations;
    }

    private void Take(SseEvent item)
    {
        if (item.IsComment)
            return;
        using JsonDocument document = Parse(item.Data!);
        JsonElement data = document.RootElement;
        string type = data.GetProperty("type").GetString()!;
        Require(item.Name == type, $"event {item.Name} holds data of type {type}");
        Require(_state is not ("stopped" or "error"), $"{type} after the end");
        Require(type is "message_start" or "error" || _state != "start", $"{type} before message_start");
        switch (type)
        {
            case "ping": break;
            case "message_start": TakeStart(data.GetProperty("message")); break;
            case "content_block_start": TakeBlockStart(data); break;
            case "content_block_delta": TakeDelta(data); break;
            case "content_block_stop": TakeBlockStop(data); break;
            case "message_delta": TakeMessageDelta(data); break;
            case "message_stop": TakeStop(); break;
            case "error": TakeError(data); break;
            default: _violations.Add("unknown event " + type); break;
        }
    }

    private void TakeStart(JsonElement message)
    {
        Require(_state == "start", "second message_start");
        _state = "open";
        Require(message.GetProperty("id").GetString()!.StartsWith("msg_", StringComparison.Ordinal), "message.id");
        Require(message.GetProperty("type").GetString() == "message", "message.type");
        Require(message.GetProperty("role").GetString() == "assistant", "message.role");
        Require(message.GetProperty("content").GetArrayLength() == 0, "message.content is not empty");
        Require(message.GetProperty("stop_reason").ValueKind == JsonValueKind.Null, "message.stop_reason is not null");
        Require(message.GetProperty("stop_sequence").ValueKind == JsonValueKind.Null, "message.stop_sequence is not null");
        Require(_model is null || message.GetProperty("model").GetString() == _model, "message.model is not the requested one");
        CheckUsage(message.GetProperty("usage"), "message_start");
    }

    private void TakeBlockStart(JsonElement data)
    {
        Require(_state == "open", "a block out of place");
        Require(_block is null, "a block inside another");
        Require(data.GetProperty("index").GetInt32() == _next, $"index {data.GetProperty("index")}, expected {_next}");
        JsonElement block = data.GetProperty("content_block");
        _block = block.GetProperty("type").GetString()!;
        _input = "";
        _inputDeltas = 0;
        _signatures = 0;
        _lastCallIsCut = false;
        switch (_block)
        {
            case "text":
                Require(block.GetProperty("text").GetString()!.Length == 0, "text start is not empty");
                break;
            case "thinking":
                Require(block.GetProperty("thinking").GetString()!.Length == 0, "thinking start is not empty");
                Require(block.GetProperty("signature").GetString()!.Length == 0, "signature start is not empty");
                break;
            case "tool_use":
                _calls++;
                string id = block.GetProperty("id").GetString()!;
                Require(id.StartsWith("toolu_", StringComparison.Ordinal) && id.All(IsIdChar), "tool id " + id);
                Require(_ids.Add(id), "tool id used twice: " + id);
                Require(block.GetProperty("name").GetString()!.Length > 0, "tool without a name");
                Require(block.GetProperty("input").GetRawText() == "{}", "tool start with an input");
                break;
            default:
                _violations.Add("unknown block " + _block);
                break;
        }
    }

    private void TakeDelta(JsonElement data)
    {
        Require(_block is not null && data.GetProperty("index").GetInt32() == _next, "a delta outside of its block");
        JsonElement delta = data.GetProperty("delta");
        string type = delta.GetProperty("type").GetString()!;
        Require(_signatures == 0, "a delta behind the signature");
        switch (type)
        {
            case "text_delta" when _block == "text":
                _ = delta.GetProperty("text").GetString()!;
                break;
            case "thinking_delta" when _block == "thinking":
                _ = delta.GetProperty("thinking").GetString()!;
                break;
            case "signature_delta" when _block == "thinking":
                _signatures++;
                Require(delta.GetProperty("signature").GetString()!.Length > 0, "empty signature");
                break;
            case "input_json_delta" when _block == "tool_use":
                _inputDeltas++;
                _input += delta.GetProperty("partial_json").GetString();
                break;
            default:
                _violations.Add($"{type} in a {_block} block");
                break;
        }
    }

    private void TakeBlockStop(JsonElement data)
    {
        Require(_block is not null && data.GetProperty("index").GetInt32() == _next, "a stop outside of its block");
        if (_block == "thinking")
            Require(_signatures == 1, $"{_signatures} signatures in a thinking block");
        if (_block == "tool_use")
        {
            Require(_inputDeltas > 0, "a tool without input_json_delta");
            _lastCallIsCut = !IsObject(_input);
        }
        _block = null;
        _next++;
    }

    private void TakeMessageDelta(JsonElement data)
    {
        Require(_block is null, "message_delta in a block");
        Require(_state is "open" or "closing", "message_delta out of place");
        _state = "closing";
        JsonElement delta = data.GetProperty("delta");
        _stop = delta.GetProperty("stop_reason").GetString();
        Require(StopReasons.Contains(_stop), "stop_reason " + _stop);
        bool hasSequence = delta.GetProperty("stop_sequence").ValueKind == JsonValueKind.String;
        Require(hasSequence == (_stop == "stop_sequence"), "stop_sequence does not go with stop_reason " + _stop);
        CheckUsage(data.GetProperty("usage"), "message_delta");
    }

    private void TakeStop()
    {
        Require(_state == "closing", "message_stop without message_delta");
        _state = "stopped";
    }

    private void TakeError(JsonElement data)
    {
        Require(data.GetProperty("error").GetProperty("type").GetString()!.Length > 0, "error.type");
        Require(data.GetProperty("error").GetProperty("message").GetString()!.Length > 0, "error.message");
        Require(data.GetProperty("request_id").GetString()!.Length > 0, "request_id");
        _state = "error";
    }

    private void End()
    {
        Require(_state is "stopped" or "error", "the stream ended in state " + _state);
        if (_state != "stopped")
            return;
        Require(_stop != "tool_use" || _calls > 0, "tool_use without a call");
        Require(_stop != "end_turn" || _calls == 0, "end_turn with a call");
        Require(!_lastCallIsCut || _stop is "max_tokens" or "model_context_window_exceeded", "a cut call with " + _stop);
    }

    private void CheckUsage(JsonElement usage, string where)
    {
        foreach (string name in (string[])["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"])
            Require(usage.GetProperty(name).GetInt32() >= 0, $"{where}: {name}");
        Require(usage.GetProperty("output_tokens").GetInt32() > 0, where + ": output_tokens");
    }

    private static bool IsObject(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private JsonDocument Parse(string data)
    {
        try
        {
            return JsonDocument.Parse(data);
        }
        catch (JsonException)
        {
            _violations.Add("data is not JSON: " + data);
            return JsonDocument.Parse("{\"type\":\"ping\"}");
        }
    }

    private void Require(bool condition, string violation)
    {
        if (!condition)
            _violations.Add(violation);
    }

    private static bool IsIdChar(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
