using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Writes an answer as Anthropic's event stream. A state machine: blocks are strictly sequential, each is opened,
/// filled and closed by itself, and a call that would make an illegal sequence throws <see
/// cref="InvalidOperationException"/> before a byte is written. Order: <see cref="Start"/>, then the events of <see
/// cref="IChatEventSink"/> with
/// <see cref="Ping"/> and <see cref="Progress"/> anywhere, then one of <see cref="Finish"/> and <see cref="Fail"/>.
/// The caller flushes. One thread at a time; allocates nothing per delta.
/// </summary>
public sealed class MessagesWriter(IEventOutput output, IdSource ids, ReplyOptions options) : IChatEventSink
{
    private enum State
    {
        Created,
        Between,
        InText,
        InThinking,
        InTool,

        // The call's JSON has closed and so has its block; ToolCallEnd is still to come.
        ToolClosed,
        Ended,
    }

    private State _state;
    private int _index;
    private bool _hasToolCall;
    private bool _endsInWholeCall;
    private bool _hasArguments;
    private JsonProgress _arguments;

    public string MessageId { get; } = ids.Message();

    public bool IsStarted => _state != State.Created;

    public bool IsEnded => _state == State.Ended;

    /// <summary>A block has been closed: clients keep it even if the stream fails later.</summary>
    public bool HasCompleteBlock => _index > 0;

    /// <summary>
    /// `message_start` and the first ping. Send it before the prefill; output counts of usage are ignored.
    /// </summary>
    public void Start(in ReplyUsage usage)
    {
        Require(_state == State.Created, nameof(Start));
        Begin("message_start"u8);
        output.Raw(",\"message\":{"u8);
        MessageFields.WriteHead(output, MessageId, options.Model);
        output.Raw(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"stop_details\":null,\"usage\":"u8);
        MessageFields.WriteFullUsage(output, usage.WithOutput(1, 0), withDetails: false);
        output.Raw("}"u8);
        End();
        _state = State.Between;
        Ping();
    }

    public void Ping()
    {
        RequireOpen(nameof(Ping));
        Begin("ping"u8);
        End();
    }

    /// <summary>
    /// A delta without text: unlike a ping it is an event to a client's watchdogs. Opens the first block where there is
    /// none yet; between blocks it is a ping.
    /// </summary>
    /// <param name="thinkingTokens">Tokens of reasoning since the last call, told where there is a thinking
    /// block.</param>
    public void Progress(int thinkingTokens = 0)
    {
        RequireOpen(nameof(Progress));
        if (_state == State.InTool)
            WriteDelta("input_json_delta\",\"partial_json\":\""u8, default, "\""u8);
        else if (_state == State.ToolClosed || (_state == State.Between && _index > 0))
            Ping();
        else
            WriteEmpty(thinkingTokens);
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        RequireOpen(nameof(Text));
        RequireNoCall(nameof(Text));
        if (utf8.IsEmpty)
            return;
        OpenText();
        WriteDelta("text_delta\",\"text\":\""u8, utf8, "\""u8);
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        RequireOpen(nameof(Thinking));
        RequireNoCall(nameof(Thinking));
        if (utf8.IsEmpty)
            return;
        OpenThinking();
        if (options.Display == ThinkingDisplay.Summarized)
            WriteDelta("thinking_delta\",\"thinking\":\""u8, utf8, "\""u8);
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        RequireOpen(nameof(ToolCallBegin));
        RequireNoCall(nameof(ToolCallBegin));
        Close();
        string id = ids.Tool();
        BeginBlock();
        output.Raw("{\"type\":\"tool_use\",\"id\":"u8).Text(id).Raw(",\"name\":"u8).Text(name)
            .Raw(",\"input\":{},\"caller\":{\"type\":\"direct\"}}"u8);
        End();
        _state = State.InTool;
        _arguments = default;
        _hasArguments = false;
        _hasToolCall = true;
        _endsInWholeCall = false;
        options.ToolCallStarted?.Invoke(id, name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        RequireOpen(nameof(ToolCallArguments));
        Require(_state is State.InTool or State.ToolClosed, nameof(ToolCallArguments));
        int count = _state == State.InTool ? _arguments.Take(utf8Json) : 0;
        Require(!_arguments.IsBroken && IsBlank(utf8Json[count..]), nameof(ToolCallArguments));
        if (count == 0)
            return;
        _hasArguments = true;
        WriteDelta("input_json_delta\",\"partial_json\":\""u8, utf8Json[..count], "\""u8);
        if (!_arguments.IsComplete)
            return;
        // Clients run the tool when its block stops, so it stops at the closing bracket.
        Close();
        _state = State.ToolClosed;
    }

    public void ToolCallEnd()
    {
        RequireOpen(nameof(ToolCallEnd));
        Require(_state == State.ToolClosed || (_state == State.InTool && !_hasArguments), nameof(ToolCallEnd));
        if (_state == State.InTool)
            ToolCallArguments("{}"u8);
        _state = State.Between;
        _endsInWholeCall = true;
    }

    /// <summary>Ends a call whose JSON was cut off by the end of the answer.</summary>
    public void ToolCallCut()
    {
        RequireOpen(nameof(ToolCallCut));
        Require(_state is State.InTool or State.ToolClosed, nameof(ToolCallCut));
        CloseCut();
        _state = State.Between;
    }

    /// <summary>Closes what is open, then `message_delta` and `message_stop`.</summary>
    /// <param name="reason">Corrected where it contradicts the blocks (end_turn after a call is tool_use).</param>
    /// <param name="stopSequence">The one that matched, with <see cref="StopReason.StopSequence"/>.</param>
    /// <param name="usage">Final counts.</param>
    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage)
    {
        RequireOpen(nameof(Finish));
        CloseCut();
        Begin("message_delta"u8);
        output.Raw(",\"delta\":{"u8);
        MessageFields.WriteStop(output, MessageFields.Agreed(reason, _hasToolCall, _endsInWholeCall), stopSequence);
        output.Raw("},\"usage\":"u8);
        MessageFields.WriteUsage(output, usage);
        if (options.ReportsContextEdits)
            MessageFields.WriteEdits(output, options.AppliedEdits);
        End();
        Begin("message_stop"u8);
        End();
        _state = State.Ended;
    }

    /// <summary>Ends a stream that went wrong: never as a normal end with an invented reason.</summary>
    public void Fail(ApiError error, string requestId)
    {
        Require(_state != State.Ended, nameof(Fail));
        output.Raw("event: error\ndata: "u8);
        ErrorBody.WriteAnthropic(output, error, requestId);
        output.Raw("\n\n"u8);
        output.EndEvent();
        _state = State.Ended;
    }

    private void OpenText()
    {
        if (_state == State.InText)
            return;
        Close();
        BeginBlock();
        output.Raw("{\"type\":\"text\",\"text\":\"\"}"u8);
        End();
        _state = State.InText;
        _endsInWholeCall = false;
    }

    private void OpenThinking()
    {
        if (_state == State.InThinking)
            return;
        Close();
        BeginBlock();
        output.Raw("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"u8);
        End();
        _state = State.InThinking;
        _endsInWholeCall = false;
    }

    private void WriteEmpty(int thinkingTokens)
    {
        if (_state == State.Between && options.ExpectsThinking)
            OpenThinking();
        else if (_state == State.Between)
            OpenText();
        if (_state == State.InText)
            WriteDelta("text_delta\",\"text\":\""u8, default, "\""u8);
        else if (thinkingTokens <= 0)
            WriteDelta("thinking_delta\",\"thinking\":\""u8, default, "\""u8);
        else
            WriteEstimate(thinkingTokens);
    }

    private void WriteEstimate(int thinkingTokens)
    {
        Begin("content_block_delta"u8);
        output.Raw(",\"index\":"u8).Number(_index)
            .Raw(",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"\",\"estimated_tokens\":"u8)
            .Number(thinkingTokens)
            .Raw("}"u8);
        End();
    }

    // The stream ends inside a block: a call that was cut stays as it is, and is not reported as tool_use.
    private void CloseCut()
    {
        if (_state == State.InTool && !_hasArguments)
            WriteDelta("input_json_delta\",\"partial_json\":\""u8, default, "\""u8);
        if (_state == State.ToolClosed)
            _endsInWholeCall = true;
        else
            Close();
    }

    private void Close()
    {
        if (_state == State.InThinking)
        {
            string signature = options.Signature?.Invoke() ?? ids.Next("sig_");
            WriteDelta("signature_delta\",\"signature\":\""u8, System.Text.Encoding.UTF8.GetBytes(signature), "\""u8);
        }
        if (_state is State.Between or State.ToolClosed)
            return;
        Begin("content_block_stop"u8);
        output.Raw(",\"index\":"u8).Number(_index);
        End();
        _index++;
        _state = State.Between;
    }

    private void BeginBlock()
    {
        Begin("content_block_start"u8);
        output.Raw(",\"index\":"u8).Number(_index).Raw(",\"content_block\":"u8);
    }

    private void WriteDelta(ReadOnlySpan<byte> kindAndField, ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> tail)
    {
        Begin("content_block_delta"u8);
        output.Raw(",\"index\":"u8).Number(_index).Raw(",\"delta\":{\"type\":\""u8).Raw(kindAndField).Escaped(utf8);
        output.Raw(tail).Raw("}"u8);
        End();
    }

    private void Begin(ReadOnlySpan<byte> name) =>
        output.Raw("event: "u8).Raw(name).Raw("\ndata: {\"type\":\""u8).Raw(name).Raw("\""u8);

    private void End()
    {
        output.Raw("}\n\n"u8);
        output.EndEvent();
    }

    private static bool IsBlank(ReadOnlySpan<byte> json) => json.IndexOfAnyExcept(" \t\r\n"u8) < 0;

    private void RequireOpen(string call) => Require(_state is not (State.Created or State.Ended), call);

    private void RequireNoCall(string call) => Require(_state is not (State.InTool or State.ToolClosed), call);

    private void Require(bool condition, string call)
    {
        if (!condition)
            Refuse(call);
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private void Refuse(string call) =>
        throw new InvalidOperationException($"{call} is not possible in state {_state} of a message stream");
}
