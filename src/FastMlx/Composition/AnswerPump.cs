using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat.Output;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// Carries one answer's tokens through the decoder to the client. In steady state a token costs no allocation: the
/// buffers are pooled, the wait is the engine's, and the heartbeat is renewed once an interval, not once a token.
/// </summary>
internal sealed class AnswerPump(AnswerJob job, IReply reply, AnswerMemory memory)
{
    private const int BufferTokens = 256;

    /// <summary>Every so many pings one is an event that watchdogs count (claude-code-client.md §9).</summary>
    private const int PingsPerProgress = 4;

    private static readonly TimeSpan AdmissionWait = TimeSpan.FromMilliseconds(40);

    /// <summary>Looked at this often, silence never lasts twice as long.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    private readonly AnswerSegments _segments = new(job, memory);
    private readonly OutputDecoder _decoder = job.Decoder;
    private readonly RememberingSink _sink = new(reply.Sink, memory);
    private bool _isStarted = job.IsStarted;
    private bool _hasStopped;
    private int _pings;
    private int _toldThinking;
    private long _lastSent;

    public async Task<AnswerOutcome> RunAsync(TimeProvider time, CancellationToken aborted)
    {
        using CancellationTokenRegistration cancel = aborted.UnsafeRegister(
            static state => ((AnswerSegments)state!).Cancel(), _segments);
        int[] buffer = ArrayPool<int>.Shared.Rent(BufferTokens);
        try
        {
            await DeliverAsync(buffer, time);
        }
        finally
        {
            // Whatever ended the delivery, the engine must not go on for nobody.
            _segments.Cancel();
            ArrayPool<int>.Shared.Return(buffer);
        }

        return await EndAsync();
    }

    private async Task DeliverAsync(int[] buffer, TimeProvider time)
    {
        using var beat = new HeartbeatToken(time);
        beat.Set(AdmissionWait);
        _lastSent = time.GetTimestamp();
        while (!_hasStopped)
        {
            bool hasTokens;
            try
            {
                hasTokens = await _segments.Current.WaitAsync(beat.Token);
            }
            catch (OperationCanceledException) when (beat.IsDue)
            {
                await BeatAsync(time);
                beat.Set(Heartbeat);
                continue;
            }

            Start();
            if (job.IsPrefillOnly)
                return;
            long before = reply.Events;
            if (hasTokens)
                Decode(buffer);
            if (_decoder.IsOverThinkingBudget && job.HasThinkingBudget)
                hasTokens = await _segments.EndReasoningAsync(buffer, _sink);
            if (reply.Events != before)
            {
                await reply.FlushAsync();
                _lastSent = time.GetTimestamp();
            }

            if (!hasTokens)
                return;
        }
    }

    private void Decode(int[] buffer)
    {
        int count;
        while (!_hasStopped && (count = _segments.Current.Read(buffer)) > 0)
        {
            if (!job.HasThinkingBudget)
            {
                Push(buffer.AsSpan(0, count));
                continue;
            }

            // Each token may be the last one of the reasoning; what was sampled behind that is void.
            for (int i = 0; i < count && !_hasStopped && !_decoder.IsOverThinkingBudget; i++)
                Push(buffer.AsSpan(i, 1));
            if (_decoder.IsOverThinkingBudget)
                return;
        }
    }

    private void Push(ReadOnlySpan<int> tokens)
    {
        memory.AddTokens(tokens);
        _hasStopped = _decoder.Push(tokens, _sink);
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
            Start();
        else if (time.GetElapsedTime(_lastSent) < Heartbeat)
            return;
        else if (_decoder.ThinkingTokens > _toldThinking || ++_pings % PingsPerProgress == 0)
            ReportProgress();
        else
            reply.Ping();
        await reply.FlushAsync();
    }

    private void ReportProgress()
    {
        int thinking = _decoder.ThinkingTokens;
        reply.Progress(thinking - _toldThinking);
        _toldThinking = thinking;
    }

    private async Task<AnswerOutcome> EndAsync()
    {
        FinishReason end = _hasStopped ? FinishReason.Stop
            : job.IsPrefillOnly && _isStarted && _segments.FinishReason != FinishReason.Failed ? FinishReason.MaxTokens
            : _segments.FinishReason;
        if (end is FinishReason.Failed)
            return await FailAsync(_segments.Refusal ?? ApiErrors.Internal());
        if (end is FinishReason.Cancelled)
            return await FailAsync(ApiErrors.ShuttingDown(retryAfterSeconds: 1));
        bool isCut = end is FinishReason.MaxTokens or FinishReason.ContextFull;
        OutputSummary summary = _decoder.Finish(isCut, _sink);
        StopReason reason = Reason(summary, end);
        if (!_hasStopped && !isCut)
            memory.Keep(job.Replay, job.Prompt);
        ReplyUsage usage = Usage();
        reply.Finish(reason, summary.StopSequence, usage);
        await reply.FlushAsync();
        return new AnswerOutcome(reason, null, _segments.Stats, usage);
    }

    private async Task<AnswerOutcome> FailAsync(ApiError error)
    {
        reply.Fail(error);
        await reply.FlushAsync();
        return new AnswerOutcome(null, error, _segments.Stats, Usage()) { Failure = _segments.Current.Failure };
    }

    private static StopReason Reason(OutputSummary summary, FinishReason end) =>
        summary.StopSequence is not null ? StopReason.StopSequence
        : end == FinishReason.Stop ? summary.ToolCallCount > 0 ? StopReason.ToolUse : StopReason.EndTurn
        : end == FinishReason.ContextFull ? StopReason.ContextExceeded
        : StopReason.MaxTokens;

    private ReplyUsage Usage() => ReplyUsage
        .OfPrompt(job.Prompt.Tokens.Length, job.Generation.Stats.ReusedTokens, job.MarksCache)
        .WithOutput(memory.SampledCount, _decoder.ThinkingTokens);
}
