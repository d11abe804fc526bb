using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Streams text completions. Choices may interleave: set <see cref="Choice"/> before events of another one. Whatever
/// the sink is told is text here. One thread at a time.
/// </summary>
public sealed class CompletionWriter : IChatEventSink
{
    private readonly IEventOutput _output;
    private readonly CompletionOptions _options;
    private readonly byte[] _head;
    private readonly Dictionary<int, CompletionLogprobs> _logprobs = [];
    private bool _isEnded;

    public CompletionWriter(IEventOutput output, IdSource ids, CompletionOptions options)
    {
        _output = output;
        _options = options;
        Id = ids.Completion();
        var head = new ArrayBufferWriter<byte>();
        head.Raw("data: {\"id\":"u8).Text(Id).Raw(",\"object\":\"text_completion\",\"created\":"u8)
            .Number(options.Created)
            .Raw(",\"model\":"u8).Text(options.Model).Raw(",\"choices\":["u8);
        _head = head.WrittenSpan.ToArray();
    }

    public string Id { get; }

    /// <summary>Index of the choice that the next events belong to.</summary>
    public int Choice { get; set; }

    public bool IsEnded => _isEnded;

    /// <summary>Belongs to the text that comes next.</summary>
    public void TokenLogprobs(TokenLogprob token)
    {
        if (_options.Logprobs)
            OfChoice().Add(token);
    }

    /// <summary>The first token of an echoed prompt, which has no log-probability.</summary>
    public void FirstToken(TokenLogprob token)
    {
        if (_options.Logprobs)
            OfChoice().AddFirst(token);
    }

    public void Ping()
    {
        RequireOpen(nameof(Ping));
        _output.Raw(": ping\n\n"u8);
        _output.EndEvent();
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        RequireOpen(nameof(Text));
        if (utf8.IsEmpty)
            return;
        if (_options.Logprobs)
            OfChoice().AddText(utf8.Length);
        BeginChoice(utf8);
        _output.Raw(",\"finish_reason\":null}]}\n\n"u8);
        _output.EndEvent();
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

    /// <summary>The end of one choice.</summary>
    public void FinishChoice(StopReason reason)
    {
        RequireOpen(nameof(FinishChoice));
        if (_options.Logprobs)
            OfChoice().End(isCut: reason == StopReason.StopSequence);
        BeginChoice(default);
        _output.Raw(",\"finish_reason\":"u8).Text(CompletionFields.FinishReason(reason)).Raw("}]}\n\n"u8);
        _output.EndEvent();
    }

    /// <summary>The end of all, with the counts of all choices together.</summary>
    public void Finish(in ReplyUsage usage)
    {
        RequireOpen(nameof(Finish));
        if (_options.IncludesUsage)
        {
            _output.Raw(_head).Raw("],\"usage\":"u8);
            CompletionFields.WriteUsage(_output, usage);
            _output.Raw("}\n\n"u8);
            _output.EndEvent();
        }
        _output.Raw("data: [DONE]\n\n"u8);
        _output.EndEvent();
        _isEnded = true;
    }

    public void Fail(ApiError error)
    {
        RequireOpen(nameof(Fail));
        _output.Raw("data: "u8);
        ErrorBody.WriteOpenAi(_output, error);
        _output.Raw("\n\n"u8);
        _output.EndEvent();
        _isEnded = true;
    }

    private CompletionLogprobs OfChoice()
    {
        if (!_logprobs.TryGetValue(Choice, out CompletionLogprobs? ofChoice))
            _logprobs[Choice] = ofChoice = new CompletionLogprobs();
        return ofChoice;
    }

    private void BeginChoice(ReadOnlySpan<byte> text)
    {
        _output.Raw(_head).Raw("{\"index\":"u8).Number(Choice).Raw(",\"text\":"u8).Text(text).Raw(",\"logprobs\":"u8);
        if (_logprobs.TryGetValue(Choice, out CompletionLogprobs? ofChoice) && !ofChoice.IsEmpty)
            ofChoice.WriteAndClear(_output);
        else
            _output.Raw("null"u8);
    }

    private void RequireOpen(string call)
    {
        if (_isEnded)
            throw new InvalidOperationException($"{call} is not possible behind the end of a completion stream");
    }
}
