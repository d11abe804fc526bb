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

    /// <summary>A token whose text is written next; or none is, for markup. Only where they were asked for.</summary>
    public void Logprobs(TokenLogprob token)
    {
    }

    /// <summary>A token that ended the answer and is no part of it.</summary>
    public void StopLogprobs(TokenLogprob token)
    {
    }

    /// <summary>The prompt's tokens, before the answer's; the first one's number means nothing.</summary>
    public void PromptLogprobs(IReadOnlyList<TokenLogprob> prompt)
    {
    }

    public void Finish(StopReason reason, string? stopSequence, in ReplyUsage usage);

    public void Fail(ApiError error);

    /// <summary>Sends what was written since the last call.</summary>
    public ValueTask FlushAsync();
}
