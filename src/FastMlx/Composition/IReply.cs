using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>
/// One answer on its way to a client, in either API, streamed or whole. Called by one task. The order is Start, then
/// events, then exactly one of Finish and Fail.
/// </summary>
internal interface IReply
{
    /// <summary>Where what the model says is written: the API's own writer.</summary>
    public IChatEventSink Sink { get; }

    /// <summary>Events written so far; stays 0 where the answer is sent whole.</summary>
    public long Events { get; }

    public void Start(in ReplyUsage usage);

    /// <summary>A sign of life in silence; nothing where the answer is sent whole.</summary>
    public void Ping();

    /// <summary>A parsed event without content, for clients whose watchdog does not count pings.</summary>
    /// <param name="thinkingTokens">Tokens of reasoning since the last call.</param>
    public void Progress(int thinkingTokens);

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage);

    public void Fail(ApiError error);

    /// <summary>Sends what was written since the last call.</summary>
    public ValueTask FlushAsync();
}
