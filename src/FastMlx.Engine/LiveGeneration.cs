using FastMlx.Engine.Rings;
using FastMlx.Engine.Scheduling;

namespace FastMlx.Engine;

/// <summary>
/// A generation between the engine thread, which writes into it, and its one reader. The reader is woken by the
/// delivery thread, so that the engine pays one wake-up a step, whatever the number of readers.
/// </summary>
internal sealed class LiveGeneration : Generation, ISequenceOutput
{
    private readonly EngineLoop _loop;
    private readonly TokenWaiter _waiter;
    private readonly StatsCell _stats = new();
    private PromptScores? _scores;
    private TokenLogprob[] _stopLogprobs = [];
    private FinishReason _reason;
    private string? _failure;
    private volatile bool _cancel; // A flag without data behind it; seen at the next look between steps.

    public LiveGeneration(EngineLoop loop, GenerationRequest request, double submittedMs, int ringCapacity)
    {
        _loop = loop;
        Request = request;
        SubmittedMs = submittedMs;
        _waiter = new TokenWaiter(Math.Clamp(request.MaxTokens, 1, ringCapacity), 1 + request.Logprobs);
        _stats.Write(new GenerationStats { PromptTokens = request.Prompt.Length, DivergedAt = -1 });
    }

    public override GenerationRequest Request { get; }

    public double SubmittedMs { get; }

    public override FinishReason FinishReason => _waiter.HasEnded ? _reason : FinishReason.None;

    public override string? Failure => _waiter.HasEnded ? _failure : null;

    public override GenerationStats Stats => _stats.Read();

    bool ISequenceOutput.CancelRequested => _cancel;

    int ISequenceOutput.Room => _waiter.Room;

    public bool HasEnded => _waiter.HasEnded;

    public override ValueTask<bool> WaitAsync(CancellationToken cancellationToken) =>
        _waiter.WaitAsync(cancellationToken);

    public override PromptScores? PromptScores => _scores;

    public override IReadOnlyList<TokenLogprob> StopLogprobs => _waiter.HasEnded ? _stopLogprobs : [];

    public override int Read(Span<int> destination) => Read(destination, []);

    public override int Read(Span<int> destination, Span<TokenLogprob> logprobs)
    {
        var count = _waiter.Read(destination, logprobs, out var wakeProducer);
        if (wakeProducer)
        {
            _loop.Wake();
        }

        return count;
    }

    public override void Cancel()
    {
        _cancel = true;
        _loop.Wake();
    }

    /// <summary>Delivery thread.</summary>
    public void Signal() => _waiter.Signal();

    /// <summary>Engine thread: true where it must be put into the delivery ring.</summary>
    public bool TryQueue() => _waiter.TryQueue();

    void ISequenceOutput.Stall() => _waiter.Stall();

    void ISequenceOutput.Write(int token) => ((ISequenceOutput)this).Write(token, []);

    void ISequenceOutput.Stopped(ReadOnlySpan<TokenLogprob> logprobs) => _stopLogprobs = logprobs.ToArray();

    void ISequenceOutput.Scored(PromptScores scores) => _scores = scores;

    void ISequenceOutput.Write(int token, ReadOnlySpan<TokenLogprob> logprobs)
    {
        if (!_waiter.TryWrite(token, logprobs))
        {
            throw new InvalidOperationException("A token was sampled without room for it.");
        }

        _loop.Deliver(this);
    }

    void ISequenceOutput.Report(in GenerationStats stats) => _stats.Write(stats);

    public void End(FinishReason reason, string? failure)
    {
        _reason = reason;
        _failure = failure;
        _loop.Forget(this, reason, failure);
        _waiter.End();
        _loop.Deliver(this);
    }
}
