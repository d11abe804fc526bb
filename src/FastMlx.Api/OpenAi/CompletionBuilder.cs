using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Collects text completions and writes them as one object. One sink per choice, finished in order of its index.
/// </summary>
public sealed class CompletionBuilder(IdSource ids, CompletionOptions options) : IChatEventSink
{
    private readonly ArrayBufferWriter<byte> _choices = new(1024);
    private readonly ArrayBufferWriter<byte> _text = new(1024);
    private CompletionLogprobs _logprobs = new();
    private int _count;

    public string Id { get; } = ids.Completion();

    public void TokenLogprobs(TokenLogprob token)
    {
        if (options.Logprobs)
            _logprobs.Add(token);
    }

    /// <summary>The first token of an echoed prompt, which has no log-probability.</summary>
    public void FirstToken(TokenLogprob token)
    {
        if (options.Logprobs)
            _logprobs.AddFirst(token);
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        _text.Escaped(utf8);
        _logprobs.AddText(utf8.Length);
    }

    public void Thinking(ReadOnlySpan<byte> utf8) => Text(utf8);

    public void ToolCallBegin(string name, string? wireId)
    {
        // Raw text has no calls; their arguments are text like any other.
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => Text(utf8Json);

    public void ToolCallEnd()
    {
        // See ToolCallBegin.
    }

    public void FinishChoice(StopReason reason)
    {
        _logprobs.End(isCut: reason == StopReason.StopSequence);
        _choices.Raw(_count == 0 ? ""u8 : ","u8).Raw("{\"index\":"u8).Number(_count)
            .Raw(",\"text\":\""u8).Raw(_text.WrittenSpan).Raw("\",\"logprobs\":"u8);
        if (options.Logprobs)
            _logprobs.WriteAndClear(_choices);
        else
            _choices.Raw("null"u8);
        _choices.Raw(",\"finish_reason\":"u8).Text(CompletionFields.FinishReason(reason)).Raw("}"u8);
        _text.Clear();
        _logprobs = new CompletionLogprobs();
        _count++;
    }

    public void Finish(IBufferWriter<byte> output, in ReplyUsage usage)
    {
        output.Raw("{\"id\":"u8).Text(Id).Raw(",\"object\":\"text_completion\",\"created\":"u8).Number(options.Created)
            .Raw(",\"model\":"u8).Text(options.Model).Raw(",\"system_fingerprint\":"u8)
            .Text(CompletionFields.Fingerprint)
            .Raw(",\"choices\":["u8).Raw(_choices.WrittenSpan).Raw("],\"usage\":"u8);
        CompletionFields.WriteUsage(output, usage);
        output.Raw("}"u8);
    }
}
