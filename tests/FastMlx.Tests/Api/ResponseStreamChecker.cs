using System.Text.Json;

namespace FastMlx.Tests.Api;

/// <summary>A strict checker of response streams (openai-api.md §9): numbers, order, nesting, and that done repeats the deltas.</summary>
internal sealed class ResponseStreamChecker
{
    private static readonly string[] ResponseFields =
    [
        "id", "object", "created_at", "completed_at", "status", "incomplete_details", "model", "previous_response_id",
        "instructions", "output", "error", "tools", "tool_choice", "truncation", "parallel_tool_calls", "text", "top_p",
        "presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "reasoning", "usage", "max_output_tokens",
        "max_tool_calls", "store", "background", "service_tier", "metadata", "safety_identifier", "prompt_cache_key",
    ];

    private readonly List<string> _violations = [];
    private readonly List<string> _done = [];
    private long _next;
    private int _events;
    private string? _itemId;
    private string _deltas = "";
    private bool _hasPart;
    private bool _isEnded;

    public static List<string> Check(string stream)
    {
        var checker = new ResponseStreamChecker();
        foreach (SseEvent item in SseEvent.Parse(stream, checker._violations))
            checker.Take(item);
        checker.Require(checker._isEnded, "no end");
        return checker._violations;
    }

    private void Take(SseEvent item)
    {
        if (item.IsComment)
            return;
        using JsonDocument document = JsonDocument.Parse(item.Data!);
        JsonElement data = document.RootElement;
        string type = data.GetProperty("type").GetString()!;
        Require(item.Name == type, "event name " + item.Name);
        Require(data.GetProperty("sequence_number").GetInt64() == _next++, "sequence_number");
        Require(!_isEnded, type + " after the end");
        Require(_events++ != 0 || type == "response.created", "first event " + type);
        Require(_events != 2 || type is "response.in_progress" or "response.failed", "second event " + type);
        if (data.TryGetProperty("response", out JsonElement response))
            TakeResponse(type, response);
        else
            TakeItemEvent(type, data);
    }

    private void TakeResponse(string type, JsonElement response)
    {
        foreach (string field in ResponseFields)
            Require(response.TryGetProperty(field, out _), "no response." + field);
        string status = response.GetProperty("status").GetString()!;
        string expected = type is "response.created" or "response.in_progress" ? "in_progress" : type["response.".Length..];
        Require(status == expected, $"{type} with status {status}");
        _isEnded = expected != "in_progress";
        if (!_isEnded || expected == "failed")
            return;
        string output = string.Join(',', response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()));
        Require(output == string.Join(',', _done), "response.output differs from the items");
        Require(response.GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0, "usage");
        Require(_itemId is null, "an item is open at the end");
    }

    private void TakeItemEvent(string type, JsonElement data)
    {
        Require(data.GetProperty("output_index").GetInt32() == _done.Count, type + " output_index");
        if (type == "response.output_item.added")
        {
            Require(_itemId is null, "an item inside another");
            _itemId = data.GetProperty("item").GetProperty("id").GetString();
            _deltas = "";
            _hasPart = false;
            return;
        }
        Require(_itemId is not null, type + " outside of an item");
        if (type == "response.output_item.done")
        {
            JsonElement item = data.GetProperty("item");
            Require(item.GetProperty("id").GetString() == _itemId, "item.id");
            Require(item.GetProperty("status").GetString() is "completed" or "incomplete", "item.status");
            Require(!_hasPart, "a part is open at the end of its item");
            _done.Add(item.GetRawText());
            _itemId = null;
            return;
        }
        Require(data.GetProperty("item_id").GetString() == _itemId, type + " item_id");
        TakePart(type, data);
    }

    private void TakePart(string type, JsonElement data)
    {
        switch (type)
        {
            case "response.content_part.added":
                _hasPart = true;
                break;
            case "response.content_part.done":
                Require(data.GetProperty("part").GetProperty("text").GetString() == _deltas, "part.text");
                _hasPart = false;
                break;
            case "response.output_text.delta" or "response.reasoning_text.delta"
                or "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta":
                _deltas += data.GetProperty("delta").GetString();
                break;
            case "response.output_text.done" or "response.reasoning_text.done":
                Require(data.GetProperty("text").GetString() == _deltas, type);
                break;
            case "response.function_call_arguments.done":
                Require(data.GetProperty("arguments").GetString() == _deltas, type);
                break;
            case "response.custom_tool_call_input.done":
                Require(data.GetProperty("input").GetString() == _deltas, type);
                break;
            default:
                _violations.Add("unknown event " + type);
                break;
        }
    }

    private void Require(bool condition, string violation)
    {
        if (!condition)
            _violations.Add(violation);
    }
}
