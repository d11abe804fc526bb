using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Writes an answer as OpenAI's chat.completion.chunk stream. A state machine: the role once, a call's id and name
/// once, one finish_reason, then the usage where it was asked for, then [DONE]. Order and threads as <see
/// cref="MessagesWriter"/>.
/// </summary>
public sealed class ChatCompletionWriter : IChatEventSink
{
    private enum State
    {
        Created,
        Open,
        InTool,
        Ended,
    }

    private readonly IEventOutput _output;
    private readonly IdSource _ids;
    private readonly CompletionOptions _options;
    private readonly byte[] _head;
    private readonly LogprobAligner _logprobs = new();
    private State _state;
    private int _calls;
    private bool _hasArguments;
    private bool _endsInWholeCall;

    public ChatCompletionWriter(IEventOutput output, IdSource ids, CompletionOptions options)
    {
        _output = output;
        _ids = ids;
        _options = options;
        Id = ids.ChatCompletion();
        var head = new ArrayBufferWriter<byte>();
        head.Raw("data: {\"id\":"u8).Text(Id).Raw(",\"object\":\"chat.completion.chunk\",\"created\":"u8)
            .Number(options.Created)
            .Raw(",\"model\":"u8).Text(options.Model).Raw(",\"system_fingerprint\":"u8)
            .Text(CompletionFields.Fingerprint)
            .Raw(",\"choices\":["u8);
        _head = head.WrittenSpan.ToArray();
    }

    public string Id { get; }

    public bool IsStarted => _state != State.Created;

    public bool IsEnded => _state == State.Ended;

    /// <summary>The chunk with the role: send it before the prefill.</summary>
    public void Start()
    {
        Require(_state == State.Created, nameof(Start));
        _state = State.Open;
        BeginDelta();
        _output.Raw("\"role\":\"assistant\",\"content\":null"u8);
        EndDelta();
    }

    /// <summary>A comment: keeps the connection alive and is seen by no parser.</summary>
    public void Ping()
    {
        RequireOpen(nameof(Ping));
        _output.Raw(": ping\n\n"u8);
        _output.EndEvent();
    }

    /// <summary>A token whose text comes next; or none comes, for tokens of markup.</summary>
    public void TokenLogprobs(TokenLogprob token)
    {
        if (_options.Logprobs)
            _logprobs.Add(token);
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        Require(_state == State.Open, nameof(Text));
        if (utf8.IsEmpty)
            return;
        _endsInWholeCall = false;
        BeginDelta();
        _output.Raw("\"content\":"u8).Text(utf8);
        EndDelta(_options.Logprobs ? _logprobs.Take(utf8) : []);
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        Require(_state == State.Open, nameof(Thinking));
        if (utf8.IsEmpty)
            return;
        _logprobs.Drop();
        _endsInWholeCall = false;
        if (!_options.ShowsReasoning)
            return;
        BeginDelta();
        _output.Raw("\"reasoning_content\":"u8).Text(utf8);
        EndDelta();
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        Require(_state == State.Open, nameof(ToolCallBegin));
        string id = _ids.Call();
        _logprobs.Drop();
        _endsInWholeCall = false;
        BeginCall();
        _output.Raw(",\"id\":"u8).Text(id).Raw(",\"type\":\"function\",\"function\":{\"name\":"u8).Text(name)
            .Raw(",\"arguments\":\"\"}}]"u8);
        EndDelta();
        _state = State.InTool;
        _hasArguments = false;
        _options.ToolCallStarted?.Invoke(id, name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        Require(_state == State.InTool, nameof(ToolCallArguments));
        if (utf8Json.IsEmpty)
            return;
        _hasArguments = true;
        BeginCall();
        _output.Raw(",\"function\":{\"arguments\":"u8).Text(utf8Json).Raw("}}]"u8);
        EndDelta();
    }

    public void ToolCallEnd()
    {
        Require(_state == State.InTool, nameof(ToolCallEnd));
        _logprobs.Drop();
        if (!_hasArguments)
            ToolCallArguments("{}"u8);
        _state = State.Open;
        _calls++;
        _endsInWholeCall = true;
    }

    /// <summary>Ends a call whose JSON was cut off by the end of the answer.</summary>
    public void ToolCallCut()
    {
        Require(_state == State.InTool, nameof(ToolCallCut));
        _state = State.Open;
        _calls++;
        _endsInWholeCall = false;
    }

    public void Finish(StopReason reason, in ReplyUsage usage)
    {
        RequireOpen(nameof(Finish));
        StopReason agreed = MessageFields.Agreed(reason, _calls > 0 || _state == State.InTool, _endsInWholeCall);
        _output.Raw(_head).Raw("{\"index\":0,\"delta\":{},\"logprobs\":"u8);
        CompletionFields.WriteLogprobs(_output, _logprobs.TakeBegun());
        _output.Raw(",\"finish_reason\":"u8)
            .Text(CompletionFields.FinishReason(agreed)).Raw("}]"u8);
        EndChunk(hasUsageField: true);
        if (_options.IncludesUsage)
        {
            _output.Raw(_head).Raw("],\"usage\":"u8);
            CompletionFields.WriteUsage(_output, usage);
            EndChunk(hasUsageField: false);
        }
        _output.Raw("data: [DONE]\n\n"u8);
        _output.EndEvent();
        _state = State.Ended;
    }

    /// <summary>A chunk that holds the error; no [DONE] follows.</summary>
    public void Fail(ApiError error)
    {
        Require(_state != State.Ended, nameof(Fail));
        _output.Raw("data: "u8);
        ErrorBody.WriteOpenAi(_output, error);
        _output.Raw("\n\n"u8);
        _output.EndEvent();
        _state = State.Ended;
    }

    private void BeginDelta() => _output.Raw(_head).Raw("{\"index\":0,\"delta\":{"u8);

    private void BeginCall()
    {
        BeginDelta();
        _output.Raw("\"tool_calls\":[{\"index\":"u8).Number(_calls);
    }

    private void EndDelta() => EndDelta([]);

    private void EndDelta(IReadOnlyList<TokenLogprob> logprobs)
    {
        _output.Raw("},\"logprobs\":"u8);
        CompletionFields.WriteLogprobs(_output, logprobs);
        _output.Raw(",\"finish_reason\":null}]"u8);
        EndChunk(hasUsageField: true);
    }

    private void EndChunk(bool hasUsageField)
    {
        if (hasUsageField && _options.IncludesUsage)
            _output.Raw(",\"usage\":null"u8);
        _output.Raw("}\n\n"u8);
        _output.EndEvent();
    }

    private void RequireOpen(string call) => Require(_state is State.Open or State.InTool, call);

    private void Require(bool condition, string call)
    {
        if (!condition)
            throw new InvalidOperationException($"{call} is not possible in state {_state} of a completion stream");
    }
}
