using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>An answer of the Messages API as an event stream.</summary>
internal sealed class MessagesStreamReply : IReply
{
    private readonly EventStream _stream;
    private readonly EventOutput _output;
    private readonly MessagesWriter _writer;
    private readonly string _requestId;

    public MessagesStreamReply(EventStream stream, IdSource ids, ReplyOptions options, string requestId)
    {
        _stream = stream;
        _output = new EventOutput(stream);
        _writer = new MessagesWriter(_output, ids, options);
        _requestId = requestId;
    }

    public long Events => _output.Events;

    public void Start(in ReplyUsage usage) => _writer.Start(usage);

    public void Ping() => _writer.Ping();

    public void Progress(int thinkingTokens) => _writer.Progress(thinkingTokens);

    public IChatEventSink Sink => _writer;

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) =>
        _writer.Finish(reason, stopSequence, usage);

    public void Fail(ApiError error) => _writer.Fail(error, _requestId);

    public ValueTask FlushAsync() => _stream.FlushAsync();
}

/// <summary>An answer of the Messages API as one JSON body, or an error with its status.</summary>
internal sealed class MessagesWholeReply(IdSource ids, ReplyOptions options) : IWholeReply
{
    private readonly MessageBuilder _builder = new(ids, options);
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

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) =>
        _builder.Finish(_body, reason, stopSequence, usage);

    public void Fail(ApiError error) => Error = error;

    public ValueTask FlushAsync() => ValueTask.CompletedTask;
}
