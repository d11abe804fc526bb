using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>A chat completion as an event stream.</summary>
internal sealed class ChatCompletionStreamReply : IReply
{
    private readonly EventStream _stream;
    private readonly EventOutput _output;
    private readonly ChatCompletionWriter _writer;

    public ChatCompletionStreamReply(EventStream stream, IdSource ids, CompletionOptions options)
    {
        _stream = stream;
        _output = new EventOutput(stream);
        _writer = new ChatCompletionWriter(_output, ids, options);
    }

    public long Events => _output.Events;

    public void Start(in ReplyUsage usage) => _writer.Start();

    public void Ping() => _writer.Ping();

    public void Progress(int thinkingTokens) => _writer.Ping();

    public IChatEventSink Sink => _writer;

    public void Logprobs(TokenLogprob token) => _writer.TokenLogprobs(token);

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) => _writer.Finish(reason, usage);

    public void Fail(ApiError error) => _writer.Fail(error);

    public ValueTask FlushAsync() => _stream.FlushAsync();
}

/// <summary>A chat completion as one JSON body.</summary>
internal sealed class ChatCompletionWholeReply(IdSource ids, CompletionOptions options) : IWholeReply
{
    private readonly ChatCompletionBuilder _builder = new(ids, options);
    private readonly ArrayBufferWriter<byte> _body = new(4096);

    public ReadOnlyMemory<byte> Body => _body.WrittenMemory;

    public ApiError? Error { get; private set; }

    public long Events => 0;

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

    public void Logprobs(TokenLogprob token) => _builder.TokenLogprobs(token);

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) =>
        _builder.Finish(_body, reason, usage);

    public void Fail(ApiError error) => Error = error;

    public ValueTask FlushAsync() => ValueTask.CompletedTask;
}
