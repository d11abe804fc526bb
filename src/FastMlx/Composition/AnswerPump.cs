using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// Carries one generation's tokens through the decoder to the client. In steady state a token costs no allocation: the
/// buffers are pooled, the wait is the engine's, and the heartbeat is renewed once an interval, not once a token.
/// </summary>
internal sealed class AnswerPump(AnswerJob job, IReply reply, AnswerMemory memory)
{
    private const int BufferTokens = 256;

    /// <summary>Every so many pings one is an event that watchdogs count (claude-code-client.md §9).</summary>
    private const int PingsPerProgress = 4;

    private static readonly TimeSpan Admission = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly Generation _generation = job.Generation;
    private readonly OutputDecoder _decoder = job.Model.CreateDecoder(job.Chat, job.Prompt);
    private readonly RememberingSink _sink = new(reply, memory);
    private bool _isStarted;
    private bool _hasStopped;
    private int _pings;
    private long _lastSent;

    public async Task<AnswerOutcome> RunAsync(TimeProvider time, CancellationToken aborted)
    {
        using CancellationTokenRegistration cancel = aborted.UnsafeRegister(
            static state => ((Generation)state!).Cancel(), _generation);
        int[] buffer = ArrayPool<int>.Shared.Rent(BufferTokens);
        try
        {
            await DeliverAsync(buffer, time);
        }
        finally
        {
            // Whatever ended the delivery, the engine must not go on for nobody.
            _generation.Cancel();
            ArrayPool<int>.Shared.Return(buffer);
        }

        return await EndAsync();
    }

    private async Task DeliverAsync(int[] buffer, TimeProvider time)
    {
        using var beat = new HeartbeatToken(time);
        beat.Set(Admission);
        _lastSent = time.GetTimestamp();
        while (!_hasStopped)
        {
            bool hasTokens;
            try
            {
                hasTokens = await _generation.WaitAsync(beat.Token);
            }
            catch (OperationCanceledException) when (beat.IsDue)
            {
                await BeatAsync(time);
                beat.Set(Heartbeat);
                continue;
            }

            Start();
            if (!hasTokens)
                return;
            long before = reply.Events;
            Decode(buffer);
            if (reply.Events == before)
                continue; // Held back: a call that is being written is silence for the client.
            await reply.FlushAsync();
            _lastSent = time.GetTimestamp();
        }
    }

    private void Decode(int[] buffer)
    {
        int count;
        while (!_hasStopped && (count = _generation.Read(buffer)) > 0)
        {
            memory.AddTokens(buffer.AsSpan(0, count));
            _hasStopped = _decoder.Push(buffer.AsSpan(0, count), _sink);
        }
    }

    /// <summary>The first event: sent when the engine has said what it reuses, or soon after in any case.</summary>
    private void Start()
    {
        if (_isStarted)
            return;
        _isStarted = true;
        reply.Start(Usage());
    }

    private async ValueTask BeatAsync(TimeProvider time)
    {
        if (!_isStarted)
        {
            Start();
        }
        else if (time.GetElapsedTime(_lastSent) >= Heartbeat)
        {
            if (++_pings % PingsPerProgress == 0)
                reply.Progress();
            else
                reply.Ping();
        }

        await reply.FlushAsync();
    }

    private async Task<AnswerOutcome> EndAsync()
    {
        if (_generation.FinishReason is FinishReason.Failed)
            return await FailAsync(ApiErrors.Internal());
        if (_generation.FinishReason is FinishReason.Cancelled && !_hasStopped)
            return await FailAsync(ApiErrors.ShuttingDown(retryAfterSeconds: 1));
        OutputSummary summary = _decoder.Finish(IsCut, _sink);
        StopReason reason = Reason(summary);
        if (!_hasStopped && !IsCut)
            memory.Keep(job.Model.Prompts.Replay, job.Prompt);
        reply.Finish(reason, summary.StopSequence, Usage());
        await reply.FlushAsync();
        return new AnswerOutcome(reason, null, summary);
    }

    /// <summary>A limit ended the answer, not the model.</summary>
    private bool IsCut =>
        !_hasStopped && _generation.FinishReason is FinishReason.MaxTokens or FinishReason.ContextFull;

    private async Task<AnswerOutcome> FailAsync(ApiError error)
    {
        reply.Fail(error);
        await reply.FlushAsync();
        return new AnswerOutcome(null, error, null);
    }

    private StopReason Reason(OutputSummary summary) =>
        summary.StopSequence is not null ? StopReason.StopSequence
        : _hasStopped || _generation.FinishReason == FinishReason.Stop
            ? summary.ToolCallCount > 0 ? StopReason.ToolUse : StopReason.EndTurn
        : _generation.FinishReason == FinishReason.ContextFull ? StopReason.ContextExceeded
        : StopReason.MaxTokens;

    private ReplyUsage Usage()
    {
        int reused = _generation.Stats.ReusedTokens;
        return ReplyUsage.OfPrompt(job.Prompt.Tokens.Length, reused, job.MarksCache)
            .WithOutput(memory.SampledCount, _decoder.ThinkingTokens);
    }
}
