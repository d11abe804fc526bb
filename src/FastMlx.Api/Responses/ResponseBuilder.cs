using System.Buffers;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>Collects an answer and writes it as one response object (stream:false). One thread at a time.</summary>
public sealed class ResponseBuilder : IChatEventSink
{
    private readonly ResponseWriter _writer;

    public ResponseBuilder(IdSource ids, ResponseOptions options)
    {
        _writer = new ResponseWriter(new DiscardedEvents(), ids, options);
        _writer.Start();
    }

    public string Id => _writer.Id;

    /// <summary>The answer as a message, for a request that names this response as its predecessor.</summary>
    public ChatMessage Answer => _writer.Answer;

    public void TokenLogprobs(TokenLogprob token) => _writer.TokenLogprobs(token);

    public void Text(ReadOnlySpan<byte> utf8) => _writer.Text(utf8);

    public void Thinking(ReadOnlySpan<byte> utf8) => _writer.Thinking(utf8);

    public void ToolCallBegin(string name, string? wireId) => _writer.ToolCallBegin(name, wireId);

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => _writer.ToolCallArguments(utf8Json);

    public void ToolCallEnd() => _writer.ToolCallEnd();

    public void ToolCallCut() => _writer.ToolCallCut();

    public void Finish(IBufferWriter<byte> output, StopReason reason, in ReplyUsage usage)
    {
        _writer.Finish(reason, usage);
        _writer.WriteObject(output);
    }
}
