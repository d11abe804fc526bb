using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>Collects an answer and writes it as one chat.completion (stream:false). One thread at a time.</summary>
public sealed class ChatCompletionBuilder(IdSource ids, CompletionOptions options) : IChatEventSink
{
    private readonly ArrayBufferWriter<byte> _text = new(1024);
    private readonly ArrayBufferWriter<byte> _reasoning = new(256);
    private readonly ArrayBufferWriter<byte> _calls = new(256);
    private readonly ArrayBufferWriter<byte> _arguments = new(256);
    private readonly LogprobAligner _aligner = new();
    private readonly List<TokenLogprob> _logprobs = [];
    private bool _isInCall;
    private bool _hasCall;
    private bool _endsInWholeCall;

    public string Id { get; } = ids.ChatCompletion();

    /// <summary>A token whose text comes next; or none comes, for tokens of markup.</summary>
    public void TokenLogprobs(TokenLogprob token)
    {
        if (options.Logprobs)
            _aligner.Add(token);
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        Require(!_isInCall, nameof(Text));
        if (utf8.IsEmpty)
            return;
        _text.Escaped(utf8);
        if (options.Logprobs)
            _logprobs.AddRange(_aligner.Take(utf8));
        _endsInWholeCall = false;
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        Require(!_isInCall, nameof(Thinking));
        if (utf8.IsEmpty)
            return;
        _aligner.Drop();
        _reasoning.Escaped(utf8);
        _endsInWholeCall = false;
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        Require(!_isInCall, nameof(ToolCallBegin));
        string id = ids.Call();
        _aligner.Drop();
        _calls.Raw(_hasCall ? ","u8 : ""u8).Raw("{\"id\":"u8).Text(id)
            .Raw(",\"type\":\"function\",\"function\":{\"name\":"u8).Text(name).Raw(",\"arguments\":"u8);
        _arguments.Clear();
        _isInCall = true;
        _hasCall = true;
        _endsInWholeCall = false;
        options.ToolCallStarted?.Invoke(id, name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        Require(_isInCall, nameof(ToolCallArguments));
        _arguments.Write(utf8Json);
    }

    public void ToolCallEnd()
    {
        Require(_isInCall, nameof(ToolCallEnd));
        _aligner.Drop();
        CloseCall();
        _endsInWholeCall = true;
    }

    /// <summary>Ends a call whose JSON was cut off by the end of the answer.</summary>
    public void ToolCallCut()
    {
        Require(_isInCall, nameof(ToolCallCut));
        CloseCall();
    }

    public void Finish(IBufferWriter<byte> output, StopReason reason, in ReplyUsage usage)
    {
        if (_isInCall)
            CloseCall();
        _logprobs.AddRange(_aligner.TakeBegun());
        StopReason agreed = MessageFields.Agreed(reason, _hasCall, _endsInWholeCall);
        output.Raw("{\"id\":"u8).Text(Id).Raw(",\"object\":\"chat.completion\",\"created\":"u8).Number(options.Created)
            .Raw(",\"model\":"u8).Text(options.Model).Raw(",\"system_fingerprint\":"u8)
            .Text(CompletionFields.Fingerprint)
            .Raw(",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"message\":"u8);
        WriteMessage(output);
        output.Raw(",\"logprobs\":"u8);
        CompletionFields.WriteAllLogprobs(output, options.Logprobs ? _logprobs : null);
        output.Raw(",\"finish_reason\":"u8).Text(CompletionFields.FinishReason(agreed)).Raw("}],\"usage\":"u8);
        CompletionFields.WriteUsage(output, usage);
        output.Raw("}"u8);
    }

    private void WriteMessage(IBufferWriter<byte> output)
    {
        output.Raw("{\"role\":\"assistant\",\"content\":"u8);
        if (_text.WrittenCount == 0 && _hasCall)
            output.Raw("null"u8);
        else
            output.Raw("\""u8).Raw(_text.WrittenSpan).Raw("\""u8);
        output.Raw(",\"refusal\":null,\"annotations\":[]"u8);
        if (_reasoning.WrittenCount > 0 && options.ShowsReasoning)
            output.Raw(",\"reasoning_content\":\""u8).Raw(_reasoning.WrittenSpan).Raw("\""u8);
        // An empty list of calls makes some clients loop.
        if (_hasCall)
            output.Raw(",\"tool_calls\":["u8).Raw(_calls.WrittenSpan).Raw("]"u8);
        output.Raw("}"u8);
    }

    private void CloseCall()
    {
        _calls.Text(PartialJson.CompletePairs(_arguments.WrittenSpan)).Raw("}}"u8);
        _isInCall = false;
    }

    private static void Require(bool condition, string call)
    {
        if (!condition)
            throw new InvalidOperationException($"{call} is not possible here in a completion");
    }
}
