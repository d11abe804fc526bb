using System.Buffers;
using System.Text;
using System.Text.Json;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Writes an answer as a stream of response events, and keeps its items for the response object at the end. A state
/// machine: one item is open at a time. Order and threads as <see cref="MessagesWriter"/>.
/// </summary>
public sealed class ResponseWriter(IEventOutput output, IdSource ids, ResponseOptions options) : IChatEventSink
{
    private enum State
    {
        Created,
        Between,
        InText,
        InReasoning,
        InCall,
        InCustomCall,
        Ended,
    }

    private readonly ArrayBufferWriter<byte> _items = new(1024);

    // The open item's text or arguments as they came: escaped when they are written.
    private readonly ArrayBufferWriter<byte> _content = new(1024);
    private readonly List<ContentPart> _parts = [];
    private readonly LogprobAligner _aligner = new();
    private readonly List<TokenLogprob> _logprobs = []; // of the open text
    private State _state;
    private long _sequence;
    private int _index;
    private byte[] _itemId = [];
    private string _callId = "";
    private string _name = "";
    private bool _isCut;
    private ResponseFields.Ending _ending = ResponseFields.InProgress;
    private ReplyUsage? _usage;

    public string Id { get; } = ids.Response();

    public bool IsStarted => _state != State.Created;

    public bool IsEnded => _state == State.Ended;

    /// <summary>The answer as a message, for a request that names this response as its predecessor.</summary>
    public ChatMessage Answer => new(ChatRole.Assistant, [.. _parts]);

    public void Start()
    {
        Require(_state == State.Created, nameof(Start));
        WriteResponse("response.created"u8, ResponseFields.InProgress, null);
        WriteResponse("response.in_progress"u8, ResponseFields.InProgress, null);
        _state = State.Between;
    }

    /// <summary>A comment.</summary>
    public void Ping()
    {
        RequireOpen(nameof(Ping));
        output.Raw(": ping\n\n"u8);
        output.EndEvent();
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        RequireNoCall(nameof(Text));
        if (utf8.IsEmpty)
            return;
        if (_state != State.InText)
            OpenText();
        _content.Write(utf8);
        BeginInItem("response.output_text.delta"u8);
        output.Raw(",\"content_index\":0,\"delta\":"u8).Text(utf8).Raw(",\"logprobs\":"u8);
        IReadOnlyList<TokenLogprob> logprobs = options.Request.Logprobs ? _aligner.Take(utf8) : [];
        CompletionFields.WriteTokens(output, logprobs);
        _logprobs.AddRange(logprobs);
        End();
    }

    /// <summary>A token whose text comes next; or none comes, for tokens of markup.</summary>
    public void TokenLogprobs(TokenLogprob token)
    {
        if (options.Request.Logprobs)
            _aligner.Add(token);
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        RequireNoCall(nameof(Thinking));
        if (utf8.IsEmpty)
            return;
        _aligner.Drop();
        if (_state != State.InReasoning)
            OpenReasoning();
        _content.Write(utf8);
        BeginInItem("response.reasoning_text.delta"u8);
        output.Raw(",\"content_index\":0,\"delta\":"u8).Text(utf8);
        End();
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        RequireNoCall(nameof(ToolCallBegin));
        Close();
        _aligner.Drop();
        _callId = ids.Call();
        _name = name;
        bool isCustom = options.Request.CustomTools.Contains(name);
        OpenItem(isCustom ? State.InCustomCall : State.InCall, ids.Next(isCustom ? "ctc_" : "fc_"));
        BeginItem("response.output_item.added"u8);
        WriteCall("in_progress"u8, default);
        End();
        options.ToolCallStarted?.Invoke(_callId, name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        Require(_state is State.InCall or State.InCustomCall, nameof(ToolCallArguments));
        if (utf8Json.IsEmpty)
            return;
        _content.Write(utf8Json);
        if (_state == State.InCustomCall)
            return;
        BeginInItem("response.function_call_arguments.delta"u8);
        output.Raw(",\"delta\":"u8).Text(utf8Json);
        End();
    }

    public void ToolCallEnd()
    {
        Require(_state is State.InCall or State.InCustomCall, nameof(ToolCallEnd));
        _aligner.Drop();
        if (_content.WrittenCount == 0)
            ToolCallArguments("{}"u8);
        Close();
    }

    /// <summary>Ends a call whose JSON was cut off by the end of the answer.</summary>
    public void ToolCallCut()
    {
        Require(_state is State.InCall or State.InCustomCall, nameof(ToolCallCut));
        _isCut = true;
        Close();
    }

    public void Finish(StopReason reason, in ReplyUsage usage)
    {
        RequireOpen(nameof(Finish));
        _isCut = _state is State.InCall or State.InCustomCall
            || (_state == State.InText && reason is StopReason.MaxTokens or StopReason.ContextExceeded);
        Close();
        _ending = Ending(reason);
        _usage = usage;
        WriteResponse(_ending.IncompleteReason is null ? "response.completed"u8
            : "response.incomplete"u8, _ending, usage);
        _state = State.Ended;
    }

    public void Fail(ApiError error)
    {
        Require(_state != State.Ended, nameof(Fail));
        _ending = new ResponseFields.Ending("failed", null, null, error);
        WriteResponse("response.failed"u8, _ending, null);
        _state = State.Ended;
    }

    /// <summary>The response object as it stands: behind the end it is the one to store.</summary>
    public void WriteObject(IBufferWriter<byte> to) =>
        ResponseFields.Write(to, Id, options, _ending, _items.WrittenSpan, _usage);

    private ResponseFields.Ending Ending(StopReason reason) => reason switch
    {
        StopReason.MaxTokens or StopReason.ContextExceeded => new("incomplete", null, "max_output_tokens", null),
        StopReason.Refusal => new("incomplete", null, "content_filter", null),
        _ => new("completed", options.Now(), null, null),
    };

    private void OpenText()
    {
        Close();
        OpenItem(State.InText, ids.Message());
        BeginItem("response.output_item.added"u8);
        output.Raw("{\"id\":"u8).Text(_itemId)
            .Raw(",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]}"u8);
        End();
        BeginInItem("response.content_part.added"u8);
        output.Raw(",\"content_index\":0,\"part\":"u8)
            .Raw("{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}"u8);
        End();
    }

    private void OpenReasoning()
    {
        Close();
        OpenItem(State.InReasoning, ids.Next("rs_"));
        BeginItem("response.output_item.added"u8);
        output.Raw("{\"id\":"u8).Text(_itemId)
            .Raw(",\"type\":\"reasoning\",\"status\":\"in_progress\",\"summary\":[],\"content\":[]}"u8);
        End();
    }

    private void OpenItem(State state, string id)
    {
        _itemId = Encoding.UTF8.GetBytes(id);
        _content.Clear();
        _logprobs.Clear();
        _isCut = false;
        _state = state;
    }

    private void Close()
    {
        State closing = _state;
        if (closing == State.Between)
            return;
        var item = new ArrayBufferWriter<byte>(_content.WrittenCount + 256);
        switch (closing)
        {
            case State.InText: CloseText(item); break;
            case State.InReasoning: CloseReasoning(item); break;
            default: CloseCall(item); break;
        }
        BeginItem("response.output_item.done"u8);
        output.Raw(item.WrittenSpan);
        End();
        _items.Raw(_index == 0 ? ""u8 : ","u8).Raw(item.WrittenSpan);
        _index++;
        _state = State.Between;
    }

    private void CloseText(ArrayBufferWriter<byte> item)
    {
        _parts.Add(new TextPart(Encoding.UTF8.GetString(_content.WrittenSpan)));
        if (options.Request.Logprobs && _state == State.InText)
            _logprobs.AddRange(_aligner.TakeBegun());
        BeginInItem("response.output_text.done"u8);
        output.Raw(",\"content_index\":0,\"text\":"u8).Text(_content.WrittenSpan).Raw(",\"logprobs\":"u8);
        CompletionFields.WriteTokens(output, _logprobs);
        End();
        BeginInItem("response.content_part.done"u8);
        output.Raw(",\"content_index\":0,\"part\":"u8);
        WriteTextPart(output);
        End();
        item.Raw("{\"id\":"u8).Text(_itemId).Raw(",\"type\":\"message\",\"role\":\"assistant\",\"status\":"u8)
            .Text(_isCut ? "incomplete"u8 : "completed"u8).Raw(",\"content\":["u8);
        WriteTextPart(item);
        item.Raw("]}"u8);
    }

    private void WriteTextPart(IBufferWriter<byte> to)
    {
        to.Raw("{\"type\":\"output_text\",\"text\":"u8).Text(_content.WrittenSpan)
            .Raw(",\"annotations\":[],\"logprobs\":"u8);
        CompletionFields.WriteTokens(to, _logprobs);
        to.Raw("}"u8);
    }

    private void CloseReasoning(ArrayBufferWriter<byte> item)
    {
        string signature = options.Signature?.Invoke() ?? "";
        _parts.Add(new ThinkingPart(Encoding.UTF8.GetString(_content.WrittenSpan), signature));
        BeginInItem("response.reasoning_text.done"u8);
        output.Raw(",\"content_index\":0,\"text\":"u8).Text(_content.WrittenSpan);
        End();
        item.Raw("{\"id\":"u8).Text(_itemId)
            .Raw(",\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":[],\"content\":["u8)
            .Raw("{\"type\":\"reasoning_text\",\"text\":"u8).Text(_content.WrittenSpan).Raw("}]"u8);
        if (options.Request.IncludesReasoningHandle && signature.Length > 0)
            item.Raw(",\"encrypted_content\":"u8).Text(signature);
        item.Raw("}"u8);
    }

    private void CloseCall(ArrayBufferWriter<byte> item)
    {
        byte[] whole = PartialJson.CompletePairs(_content.WrittenSpan);
        _parts.Add(new ToolCallPart(_callId, _name, Encoding.UTF8.GetString(whole)));
        ReadOnlySpan<byte> status = _isCut ? "incomplete"u8 : "completed"u8;
        if (_state == State.InCall)
        {
            BeginInItem("response.function_call_arguments.done"u8);
            output.Raw(",\"name\":"u8).Text(_name).Raw(",\"arguments\":"u8).Text(_content.WrittenSpan);
            End();
            WriteCall(item, status, _content.WrittenSpan);
            return;
        }
        byte[] input = Encoding.UTF8.GetBytes(InputOf(whole));
        BeginInItem("response.custom_tool_call_input.delta"u8);
        output.Raw(",\"delta\":"u8).Text(input);
        End();
        BeginInItem("response.custom_tool_call_input.done"u8);
        output.Raw(",\"input\":"u8).Text(input);
        End();
        WriteCall(item, status, input);
    }

    private void WriteCall(ReadOnlySpan<byte> status, ReadOnlySpan<byte> arguments) =>
        WriteCall(output, status, arguments);

    private void WriteCall(IBufferWriter<byte> to, ReadOnlySpan<byte> status, ReadOnlySpan<byte> arguments) =>
        to.Raw("{\"id\":"u8).Text(_itemId)
            .Raw(_state == State.InCall ? ",\"type\":\"function_call\",\"status\":"u8
            : ",\"type\":\"custom_tool_call\",\"status\":"u8)
            .Text(status).Raw(",\"call_id\":"u8).Text(_callId).Raw(",\"name\":"u8).Text(_name)
            .Raw(_state == State.InCall ? ",\"arguments\":"u8 : ",\"input\":"u8).Text(arguments).Raw("}"u8);

    // The one parameter that a custom tool was given as.
    private static string InputOf(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty("input"u8, out JsonElement input)
            && input.ValueKind == JsonValueKind.String
            ? input.GetString()!
            : document.RootElement.GetRawText();
    }

    private void WriteResponse(ReadOnlySpan<byte> name, in ResponseFields.Ending ending, ReplyUsage? usage)
    {
        Begin(name);
        output.Raw(",\"response\":"u8);
        ResponseFields.Write(output, Id, options, ending, _items.WrittenSpan, usage);
        End();
    }

    private void BeginItem(ReadOnlySpan<byte> name)
    {
        Begin(name);
        output.Raw(",\"output_index\":"u8).Number(_index).Raw(",\"item\":"u8);
    }

    private void BeginInItem(ReadOnlySpan<byte> name)
    {
        Begin(name);
        output.Raw(",\"item_id\":\""u8).Raw(_itemId).Raw("\",\"output_index\":"u8).Number(_index);
    }

    private void Begin(ReadOnlySpan<byte> name) =>
        output.Raw("event: "u8).Raw(name).Raw("\ndata: {\"type\":\""u8).Raw(name)
            .Raw("\",\"sequence_number\":"u8).Number(_sequence++);

    private void End()
    {
        output.Raw("}\n\n"u8);
        output.EndEvent();
    }

    private void RequireOpen(string call) => Require(_state is not (State.Created or State.Ended), call);

    private void RequireNoCall(string call) =>
        Require(_state is State.Between or State.InText or State.InReasoning, call);

    private void Require(bool condition, string call)
    {
        if (!condition)
            throw new InvalidOperationException($"{call} is not possible in state {_state} of a response stream");
    }
}
