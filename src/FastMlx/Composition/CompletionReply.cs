using System.Buffers;
using System.Text;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>
/// Completions of raw text as an event stream: one choice after another, each begun with <see cref="Begin"/>, then
/// <see cref="EndAsync"/> once.
/// </summary>
internal sealed class CompletionStreamReply : ICompletionReply
{
    private readonly EventStream _stream;
    private readonly EventOutput _output;
    private readonly CompletionWriter _writer;
    private readonly bool _logprobs;
    private byte[] _echo = [];

    public CompletionStreamReply(EventStream stream, IdSource ids, CompletionOptions options)
    {
        _stream = stream;
        _output = new EventOutput(stream);
        _writer = new CompletionWriter(_output, ids, options);
        _logprobs = options.Logprobs;
    }

    public long Events => _output.Events;

    public void Begin(int choice, string? echo)
    {
        _writer.Choice = choice;
        _echo = Encoding.UTF8.GetBytes(echo ?? "");
        if (!_logprobs)
            _writer.Text(_echo);
    }

    public void Logprobs(TokenLogprob token) => _writer.TokenLogprobs(token);

    public void StopLogprobs(TokenLogprob token) => _writer.TokenLogprobs(token);

    public void PromptLogprobs(IReadOnlyList<TokenLogprob> prompt)
    {
        _writer.FirstToken(prompt[0]);
        foreach (TokenLogprob token in prompt.Skip(1))
            _writer.TokenLogprobs(token);
        _writer.Text(_echo);
    }

    public void Start(in ReplyUsage usage)
    {
    }

    public void Ping() => _writer.Ping();

    public void Progress(int thinkingTokens) => _writer.Ping();

    public IChatEventSink Sink => _writer;

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) => _writer.FinishChoice(reason);

    public void Fail(ApiError error) => _writer.Fail(error);

    public ValueTask FlushAsync() => _stream.FlushAsync();

    public ValueTask EndAsync(in ReplyUsage total)
    {
        _writer.Finish(total);
        return _stream.FlushAsync();
    }
}

/// <summary>Completions of raw text as one JSON body.</summary>
internal sealed class CompletionWholeReply(IdSource ids, CompletionOptions options) : ICompletionReply
{
    private readonly CompletionBuilder _builder = new(ids, options);
    private readonly ArrayBufferWriter<byte> _body = new(4096);

    public ReadOnlyMemory<byte> Body => _body.WrittenMemory;

    public ApiError? Error { get; private set; }

    public long Events => 0;

    public void Begin(int choice, string? echo)
    {
        if (!string.IsNullOrEmpty(echo))
            _builder.Text(Encoding.UTF8.GetBytes(echo));
    }

    public void Logprobs(TokenLogprob token) => _builder.TokenLogprobs(token);

    public void StopLogprobs(TokenLogprob token) => _builder.TokenLogprobs(token);

    public void PromptLogprobs(IReadOnlyList<TokenLogprob> prompt)
    {
        _builder.FirstToken(prompt[0]);
        foreach (TokenLogprob token in prompt.Skip(1))
            _builder.TokenLogprobs(token);
    }

    public void Start(in ReplyUsage usage)
    {
    }

    public void Ping()
    {
    }

    public void Progress(int thinkingTokens)
    {
    }

    public IChatEventSink Sink => _builder;

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) => _builder.FinishChoice(reason);

    public void Fail(ApiError error) => Error = error;

    public ValueTask FlushAsync() => ValueTask.CompletedTask;

    public ValueTask EndAsync(in ReplyUsage total)
    {
        _builder.Finish(_body, total);
        return ValueTask.CompletedTask;
    }
}
