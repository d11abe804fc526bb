using System.Threading.Tasks.Sources;

namespace FastMlx.Engine.Rings;

/// <summary>
/// The reader's side of one generation: a token ring, its end, and at most one pending wait, completed through the
/// thread pool. Producer: engine thread. Signaller: delivery thread. Consumer: the generation's one reader.
/// </summary>
internal sealed class TokenWaiter : IValueTaskSource<bool>
{
    private readonly TokenRing _ring;
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private int _armed; // 1 while a wait is pending; whoever turns it to 0 completes it.
    private int _ended;
    private int _stalled; // 1 while the engine holds the generation back because the ring is full.
    private int _queued; // 1 while the generation stands in the delivery ring.

    public TokenWaiter(int capacity, int logprobs = 0) => _ring = new TokenRing(capacity, logprobs);

    public int Room => _ring.Room;

    /// <summary>Acquire: what was written before <see cref="End"/> (reason, failure) is visible after true.</summary>
    public bool HasEnded => Volatile.Read(ref _ended) == 1;

    /// <summary>Producer.</summary>
    public bool TryWrite(int token, ReadOnlySpan<TokenLogprob> logprobs = default) => _ring.TryWrite(token, logprobs);

    /// <summary>Producer: no token follows. May be called by a watchdog instead of a producer that is stuck.</summary>
    public void End() =>
        // Release: last tokens, reason and failure must be visible before the end is.
        Volatile.Write(ref _ended, 1);

    /// <summary>
    /// Producer: says that it holds back for want of room; it must look at the room once more after this.
    /// </summary>
    public void Stall() =>
        // A full fence between "I hold back" and the second look at the room; the twin is in Read.
        Interlocked.Exchange(ref _stalled, 1);

    /// <summary>Producer: true once for each entry into the delivery ring.</summary>
    public bool TryQueue() =>
        // Exchange: a full fence, so that a signaller that cleared the mark before has its look at the ring ordered
        // against the token written before this.
        Interlocked.Exchange(ref _queued, 1) == 0;

    /// <summary>Consumer: reads; <paramref name="wakeProducer"/> where the producer was waiting for room.</summary>
    public int Read(Span<int> destination, out bool wakeProducer) => Read(destination, [], out wakeProducer);

    /// <summary>The same with log-probabilities.</summary>
    public int Read(Span<int> destination, Span<TokenLogprob> logprobs, out bool wakeProducer)
    {
        var count = _ring.Read(destination, logprobs);

        // The consumer's half of Stall's fence: room first, then the look whether someone waits for it.
        Interlocked.MemoryBarrier();
        wakeProducer = count > 0 && Volatile.Read(ref _stalled) == 1 && Interlocked.Exchange(ref _stalled, 0) == 1;
        return count;
    }

    /// <summary>Consumer: one wait at a time; the task must be awaited once.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (IsReady(out var hasTokens))
        {
            return new ValueTask<bool>(hasTokens);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        _core.Reset();
        var version = _core.Version;

        // Full fence between "I wait" and the second look: otherwise the look may be done first and the signaller,
        // seeing nobody armed, would leave the wait pending for ever. The twin is in Signal.
        Interlocked.Exchange(ref _armed, 1);
        if (IsReady(out hasTokens) && Interlocked.CompareExchange(ref _armed, 0, 1) == 1)
        {
            return new ValueTask<bool>(hasTokens);
        }

        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static self => ((TokenWaiter)self!).CancelWait(), this);
        }

        return new ValueTask<bool>(this, version);
    }

    /// <summary>Signaller: completes the pending wait if there is something to say.</summary>
    public void Signal()
    {
        // Exchange: the mark is gone before the look below, so a token written after the look queues a new entry.
        Interlocked.Exchange(ref _queued, 0);
        if (IsReady(out var hasTokens) && Interlocked.CompareExchange(ref _armed, 0, 1) == 1)
        {
            _core.SetResult(hasTokens);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        _registration.Dispose(); // Waits for a callback in progress, so that it cannot hit the next wait.
        _registration = default;
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private bool IsReady(out bool hasTokens)
    {
        // The end first: tokens written before it are visible once it is, so "ended and empty" is final.
        var ended = HasEnded;
        hasTokens = _ring.Count > 0;
        return ended || hasTokens;
    }

    private void CancelWait()
    {
        if (Interlocked.CompareExchange(ref _armed, 0, 1) == 1)
        {
            _core.SetException(new OperationCanceledException(_cancellation));
        }
    }
}
