using System.Text.Json;

namespace FastMlx.Tests.Api;

/// <summary>A strict checker of chat.completion.chunk streams (openai-api.md §5).</summary>
internal sealed class ChatStreamChecker
{
    private readonly List<string> _violations = [];
    private readonly HashSet<string> _ids = [];
    private readonly List<string> _arguments = [];
    private string? _head;
    private bool _hasRole;
    private string? _finish;
    private bool _hasUsage;
    private bool _isDone;
    private bool _hasFailed;

    public static List<string> Check(string stream, bool wantsUsage)
    {
        var checker = new ChatStreamChecker();
        foreach (SseEvent item in SseEvent.Parse(stream, checker._violations))
            checker.Take(item);
        checker.End(wantsUsage);
        return checker._violations;
    }

    private void Take(SseEvent item)
    {
        if (item.IsComment)
            return;
        Require(item.Name is null, "an event name");
        Require(!_isDone && !_hasFailed, "data after the end");
        if (item.Data == "[DONE]")
        {
            _isDone = true;
            return;
        }
        using JsonDocument document = JsonDocument.Parse(item.Data!);
        JsonElement chunk = document.RootElement;
        if (chunk.TryGetProperty("error", out JsonElement error))
        {
            Require(error.GetProperty("message").GetString()!.Length > 0, "error.message");
            _hasFailed = true;
            return;
        }
        TakeHead(chunk);
        JsonElement choices = chunk.GetProperty("choices");
        if (choices.GetArrayLength() == 0)
            TakeUsage(chunk);
        else
            TakeChoice(choices[0]);
    }

    private void TakeHead(JsonElement chunk)
    {
        string head = $"{chunk.GetProperty("id")} {chunk.GetProperty("created")} {chunk.GetProperty("model")}";
        Require(_head is null || _head == head, "id, created or model changed");
        _head = head;
        Require(chunk.GetProperty("object").GetString() == "chat.completion.chunk", "object");
    }

    private void TakeUsage(JsonElement chunk)
    {
        Require(_finish is not null, "usage before finish_reason");
        JsonElement usage = chunk.GetProperty("usage");
        int total = usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32();
        Require(usage.GetProperty("total_tokens").GetInt32() == total, "total_tokens");
        _hasUsage = true;
    }

    private void TakeChoice(JsonElement choice)
    {
        Require(_finish is null, "a delta after finish_reason");
        JsonElement delta = choice.GetProperty("delta");
        if (delta.TryGetProperty("role", out _))
        {
            Require(!_hasRole, "a second role");
            _hasRole = true;
        }
        Require(_hasRole, "a delta before the role");
        if (delta.TryGetProperty("tool_calls", out JsonElement calls))
            TakeCall(calls[0]);
        JsonElement finish = choice.GetProperty("finish_reason");
        if (finish.ValueKind == JsonValueKind.Null)
            return;
        _finish = finish.GetString();
        Require(!delta.EnumerateObject().Any(), "finish_reason with a delta");
    }

    private void TakeCall(JsonElement call)
    {
        int index = call.GetProperty("index").GetInt32();
        bool isNew = call.TryGetProperty("id", out JsonElement id);
        Require(index == (isNew ? _arguments.Count : _arguments.Count - 1), $"call index {index}");
        if (isNew)
        {
            Require(_ids.Add(id.GetString()!), "an id used twice");
            Require(call.GetProperty("function").GetProperty("name").GetString()!.Length > 0, "a call without a name");
            _arguments.Add("");
        }
        else
        {
            Require(!call.GetProperty("function").TryGetProperty("name", out _), "a second name");
        }
        _arguments[^1] += call.GetProperty("function").GetProperty("arguments").GetString();
    }

    private void End(bool wantsUsage)
    {
        if (_hasFailed)
            return;
        Require(_isDone, "no [DONE]");
        Require(_hasUsage == wantsUsage, "usage: " + _hasUsage);
        Require(_finish is "stop" or "length" or "tool_calls" or "content_filter", "finish_reason " + _finish);
        Require(_finish != "stop" || _arguments.Count == 0, "stop with calls");
        Require(_finish != "tool_calls" || _arguments.Count > 0, "tool_calls without calls");
        foreach (string arguments in _arguments.SkipLast(_finish == "length" ? 1 : 0))
            Require(JsonDocument.Parse(arguments).RootElement.ValueKind == JsonValueKind.Object, "arguments");
    }

    private void Require(bool condition, string violation)
    {
        if (!condition)
            _violations.Add(violation);
    }
}
