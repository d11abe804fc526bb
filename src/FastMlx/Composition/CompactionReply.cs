using System.Buffers;
using System.Text;
using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>A summary on its way into a compacted conversation: text is kept, all else dropped.</summary>
internal sealed class CompactionReply(IdSource ids, ResponsesRequest request, long created)
    : IWholeReply, IChatEventSink
{
    private readonly ArrayBufferWriter<byte> _summary = new(1024);
    private readonly ArrayBufferWriter<byte> _body = new(4096);

    public ReadOnlyMemory<byte> Body => _body.WrittenMemory;

    public ApiError? Error { get; private set; }

    public IChatEventSink Sink => this;

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

    public void Text(ReadOnlySpan<byte> utf8) => _summary.Write(utf8);

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
    }

    public void ToolCallBegin(string name, string? wireId)
    {
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
    }

    public void ToolCallEnd()
    {
    }

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage) => Compaction.Write(
        _body, ids, created, request, Encoding.UTF8.GetString(_summary.WrittenSpan).Trim(), usage);

    public void Fail(ApiError error) => Error = error;

    public ValueTask FlushAsync() => ValueTask.CompletedTask;
}
