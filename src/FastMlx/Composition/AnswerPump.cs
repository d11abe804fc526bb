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
    private readonly LogprobTexts? _texts = LogprobTexts.For(job);
    private readonly FastMlx.Engine.TokenLogprob[] _told = new FastMlx.Engine.TokenLogprob[
        job.Generation.Request.Logprobs < 0 ? 0 : BufferTokens * (1 + job.Generation.Request.Logprobs)];
    private bool _hasScores;
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
            TellScores();
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
        while (!_hasStopped && (count = _segments.Current.Read(buffer.AsSpan(0, BufferTokens), _told)) > 0)
        {
            if (_told.Length > 0)
            {
                PushTold(buffer.AsSpan(0, count));
                continue;
            }

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

    // One by one, so that each token's log-probability comes right before its text.
    private void PushTold(ReadOnlySpan<int> tokens)
    {
        int each = _told.Length / BufferTokens;
        for (int i = 0; i < tokens.Length && !_hasStopped; i++)
        {
            if (job.HasThinkingBudget && _decoder.IsOverThinkingBudget)
                return;
            if (!_decoder.IsThinking)
                reply.Logprobs(_texts!.Of(_told.AsSpan(i * each, each)));
            Push(tokens.Slice(i, 1));
        }
    }

    private void TellScores()
    {
        if (_hasScores || job.Generation.PromptScores is not { } scores)
            return;
        _hasScores = true;
        reply.PromptLogprobs(_texts!.OfPrompt(job.Prompt.Tokens, scores, job.PromptText));
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
        if (_segments.Current.StopLogprobs is { Count: > 0 } stop)
            reply.StopLogprobs(_texts!.OfStop([.. stop]));
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
