using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>A response as an event stream. What is to be stored is stored before its last event is sent.</summary>
internal sealed class ResponseStreamReply : IReply
{
    private readonly EventStream _stream;
    private readonly EventOutput _output;
    private readonly ResponseWriter _writer;
    private readonly Action<string, byte[], ChatMessage> _store;

    public ResponseStreamReply(
        EventStream stream, IdSource ids, ResponseOptions options, Action<string, byte[], ChatMessage> store)
    {
        _stream = stream;
        _output = new EventOutput(stream);
        _writer = new ResponseWriter(_output, ids, options);
        _store = store;
    }

    public long Events => _output.Events;

    public void Start(in ReplyUsage usage) => _writer.Start();

    public void Ping() => _writer.Ping();

    public void Progress(int thinkingTokens) => _writer.Ping();

    public IChatEventSink Sink => _writer;

    public void Logprobs(TokenLogprob token) => _writer.TokenLogprobs(token);

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage)
    {
        _writer.Finish(reason, usage);
        var body = new ArrayBufferWriter<byte>(4096);
        _writer.WriteObject(body);
        _store(_writer.Id, body.WrittenSpan.ToArray(), _writer.Answer);
    }

    public void Fail(ApiError error) => _writer.Fail(error);

    public ValueTask FlushAsync() => _stream.FlushAsync();
}

/// <summary>A response as one JSON body.</summary>
internal sealed class ResponseWholeReply(
    IdSource ids, ResponseOptions options, Action<string, byte[], ChatMessage> store) : IWholeReply
{
    private readonly ResponseBuilder _builder = new(ids, options);
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

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage)
    {
        _builder.Finish(_body, reason, usage);
        store(_builder.Id, _body.WrittenSpan.ToArray(), _builder.Answer);
    }

    public void Fail(ApiError error) => Error = error;

    public ValueTask FlushAsync() => ValueTask.CompletedTask;
}
