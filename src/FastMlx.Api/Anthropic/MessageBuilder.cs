using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Collects an answer and writes it as one Message (stream:false). Same events, same blocks and same ids' shape as
/// <see cref="MessagesWriter"/>; the content is built as JSON while it arrives. One thread at a time.
/// </summary>
public sealed class MessageBuilder(IdSource ids, ReplyOptions options) : IChatEventSink
{
    private enum State
    {
        Between,
        InText,
        InThinking,
        InTool,
    }

    private readonly ArrayBufferWriter<byte> _content = new(1024);
    private readonly ArrayBufferWriter<byte> _arguments = new(256);
    private State _state;
    private bool _hasToolCall;
    private bool _endsInWholeCall;

    public string MessageId { get; } = ids.Message();

    public void Text(ReadOnlySpan<byte> utf8)
    {
        RequireNoCall(nameof(Text));
        if (utf8.IsEmpty)
            return;
        Open(State.InText, "{\"type\":\"text\",\"text\":\""u8);
        _content.Escaped(utf8);
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        RequireNoCall(nameof(Thinking));
        if (utf8.IsEmpty)
            return;
        Open(State.InThinking, "{\"type\":\"thinking\",\"thinking\":\""u8);
        if (options.Display == ThinkingDisplay.Summarized)
            _content.Escaped(utf8);
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        RequireNoCall(nameof(ToolCallBegin));
        string id = ids.Tool();
        Open(State.InTool, "{\"type\":\"tool_use\",\"id\":"u8);
        _content.Text(id).Raw(",\"name\":"u8).Text(name).Raw(",\"input\":"u8);
        _arguments.Clear();
        _hasToolCall = true;
        options.ToolCallStarted?.Invoke(id, name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        RequireCall(nameof(ToolCallArguments));
        _arguments.Write(utf8Json);
    }

    public void ToolCallEnd()
    {
        RequireCall(nameof(ToolCallEnd));
        CloseTool();
        _endsInWholeCall = true;
    }

    /// <summary>Ends a call whose JSON was cut off by the end of the answer.</summary>
    public void ToolCallCut()
    {
        RequireCall(nameof(ToolCallCut));
        CloseTool();
    }

    /// <summary>Ends the answer and writes the message.</summary>
    public void Finish(IBufferWriter<byte> output, StopReason reason, string? stopSequence, in ReplyUsage usage)
    {
        Close();
        output.Raw("{"u8);
        MessageFields.WriteHead(output, MessageId, options.Model);
        output.Raw(",\"content\":["u8).Raw(_content.WrittenSpan).Raw("],"u8);
        MessageFields.WriteStop(output, MessageFields.Agreed(reason, _hasToolCall, _endsInWholeCall), stopSequence);
        output.Raw(",\"container\":null,\"usage\":"u8);
        MessageFields.WriteFullUsage(output, usage, withDetails: true);
        if (options.ReportsContextEdits)
            MessageFields.WriteEdits(output, options.AppliedEdits);
        output.Raw("}"u8);
    }

    private void Open(State state, ReadOnlySpan<byte> head)
    {
        if (_state == state)
            return;
        Close();
        if (_content.WrittenCount > 0)
            _content.Raw(","u8);
        _content.Raw(head);
        _state = state;
        _endsInWholeCall = false;
    }

    private void Close()
    {
        if (_state == State.InText)
            _content.Raw("\"}"u8);
        else if (_state == State.InThinking)
            _content.Raw("\",\"signature\":"u8).Text(options.Signature?.Invoke() ?? ids.Next("sig_")).Raw("}"u8);
        else if (_state == State.InTool)
            CloseTool();
        _state = State.Between;
    }

    // A call that was cut keeps its complete pairs, so that the body is JSON whatever happened.
    private void CloseTool()
    {
        _content.Raw(PartialJson.CompletePairs(_arguments.WrittenSpan))
            .Raw(",\"caller\":{\"type\":\"direct\"}}"u8);
        _state = State.Between;
    }

    private void RequireCall(string call)
    {
        if (_state != State.InTool)
            throw new InvalidOperationException($"{call} is not possible in state {_state} of a message");
    }

    private void RequireNoCall(string call)
    {
        if (_state == State.InTool)
            throw new InvalidOperationException($"{call} is not possible inside a tool call");
    }
}
