using FastMlx.Engine.Rings;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>
/// The engine: a queue, one thread that owns the model, and a watchdog over it. Submit from any thread; the model is
/// opened, called and closed by the engine thread only. A failing or stuck model is replaced through the factory while
/// the queue goes on taking requests.
/// </summary>
public sealed partial class EngineLoop : IGenerator, IAsyncDisposable
{
    private const int RecentMax = 64;

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    private readonly Func<IModel> _open;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RequestRing<LiveGeneration> _requests;
    private readonly LiveCounter _live;
    private readonly Parker _parker = new();
    private readonly Delivery _delivery;
    private readonly RecentRing<RecentRequest> _recent = new(RecentMax);
    private readonly DiskHolder _disk = new();
    private readonly HealthBoard _health = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _watchdog;
    private volatile EngineThread _thread; // Replaced by the watchdog; readers only need some recent one.
    private volatile bool _stopping; // Seen at the latest after the wake-up that follows its write.

    /// <summary>
    /// Starts the engine thread, which calls <paramref name="open"/> at once, and again after a failure.
    /// Await <see cref="Ready"/> before using <see cref="Model"/>.
    /// </summary>
    public EngineLoop(Func<IModel> open, EngineOptions options, TimeProvider time, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _open = open;
        _options = options;
        _time = time;
        _log = log;
        _requests = new RequestRing<LiveGeneration>(options.QueueCapacity);
        _live = new LiveCounter(options.QueueCapacity);
        _delivery = new Delivery(options.QueueCapacity * 2);
        _thread = CreateThread(null);
        _thread.Start();
        var period = TimeSpan.FromMilliseconds(Math.Max(1, options.StuckStepMs / 8));
        _watchdog = time.CreateTimer(static self => ((EngineLoop)self!).Watch(), this, period, period);
    }

    /// <summary>Completes when the model is open; fails where it could not be opened at the start.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Facts about the model; throws before <see cref="Ready"/>.</summary>
    public ModelInfo Model => _health.Model ?? throw new InvalidOperationException("The model is not open yet.");

    public EngineLimits Limits => _health.Limits ?? throw new InvalidOperationException("The model is not open yet.");

    public int ContextLength => Limits.ContextLength;

    /// <summary>A snapshot, without a lock, from any thread.</summary>
    public EngineHealth Health => _health.Snapshot;

    /// <summary>
    /// Generations alive now, queued ones included; exact, where <see cref="Health"/> may be 100 ms old.
    /// </summary>
    public int Alive => _live.Count;

    /// <summary>The last 64 generations that have ended, newest first.</summary>
    public IReadOnlyList<RecentRequest> Recent() => _recent.Read();

    /// <summary>Opens an engine and waits for its model; throws what the factory threw.</summary>
    public static async Task<EngineLoop> OpenAsync(
        Func<IModel> open, EngineOptions options, TimeProvider time, ILogger log)
    {
        var loop = new EngineLoop(open, options, time, log);
        try
        {
            await loop.Ready;
            return loop;
        }
        catch
        {
            await loop.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Admits or refuses at once. A prompt with an id outside the vocabulary is the caller's mistake, and thrown: in a
    /// step it would fail its neighbours too.
    /// </summary>
    public SubmitResult Submit(GenerationRequest request, out Generation? generation)
    {
        ArgumentNullException.ThrowIfNull(request);
        generation = null;
        if (_stopping || _health.Limits is not { } limits || Health.State == EngineState.Stopped)
        {
            return SubmitResult.Stopped;
        }

        Check(request);
        var check = limits.Check(request);
        if (check != SubmitResult.Accepted)
        {
            return check;
        }

        if (!_live.TryEnter())
        {
            return SubmitResult.QueueFull;
        }

        var live = new LiveGeneration(this, request, NowMs(), _options.TokenRingCapacity);
        if (!_requests.TryWrite(live))
        {
            _live.Leave();
            return SubmitResult.QueueFull;
        }

        // The wake-up is a full fence: either this thread sees the stop, or who stops sees the request in the ring.
        _parker.Wake();
        if (_stopping || Health.State == EngineState.Stopped)
        {
            return SubmitResult.Stopped;
        }

        generation = live;
        return SubmitResult.Accepted;
    }

    /// <summary>
    /// Stops: refuses new requests, ends the ones that are left as failed, closes the model. Waits at most 5 s for a
    /// thread that is stuck in a step.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        await _watchdog.DisposeAsync();
        _parker.Wake();
        try
        {
            await _thread.Ended.WaitAsync(StopTime);
        }
        catch (TimeoutException)
        {
            LogStuckAtStop(_log);
            return; // The thread still uses what would be disposed below; the process is about to end.
        }

        while (_requests.TryRead(out var late))
        {
            late!.End(FinishReason.Failed, "The server is stopping.");
        }

        _disk.Dispose();
        _delivery.Dispose();
        _parker.Dispose();
    }

    /// <summary>The engine's monotonic clock, in milliseconds.</summary>
    public double NowMs() => _time.GetElapsedTime(0).TotalMilliseconds;

    internal void Wake() => _parker.Wake();

    internal void Deliver(LiveGeneration generation) => _delivery.Add(generation);

    /// <summary>The generation ends.</summary>
    internal void Forget(LiveGeneration generation, FinishReason reason, string? failure)
    {
        _recent.Add(new RecentRequest
        {
            Session = generation.Request.Session,
            Lane = generation.Request.Lane,
            FinishReason = reason,
            Failure = failure,
            Stats = generation.Stats,
            EndedMs = NowMs(),
        });
        _thread.Forget(generation);
        _live.Leave();
    }

    private void Check(GenerationRequest request)
    {
        if (request.Prompt.AsSpan().IndexOfAnyExceptInRange(0, Model.VocabSize - 1) >= 0)
        {
            throw new ArgumentException("The prompt has an id outside the vocabulary.", nameof(request));
        }

        var adjusts = request.Adjust is not null || request.Constraint is not null || request.PromptLogprobs >= 0;
        var isTooMuch = (request.Logprobs >= 0 && !Model.CanLogprobs)
            || (adjusts && !Model.CanAdjust);
        if (isTooMuch)
        {
            throw new ArgumentException("The model cannot do what the request asks for.", nameof(request));
        }

        if (request.Adjust?.IsSane(Model.VocabSize) == false
            || Math.Max(request.Logprobs, request.PromptLogprobs) > GenerationRequest.LogprobsMax)
        {
            throw new ArgumentException("An adjustment or a count makes no sense.", nameof(request));
        }
    }

    private EngineThread CreateThread(EngineThread? abandoned) => new(
        new EngineThreadContext(_open, _options, _time, _log, _requests, _parker, _delivery, _health, _ready, _disk)
        {
            IsStopping = () => _stopping,
            NowMs = NowMs,
        },
        abandoned);

    // Timer thread. Timers of one TimeProvider may overlap: only who wins the gate acts.
    private void Watch()
    {
        var thread = _thread;
        var since = thread.Gate.Since;
        if (since == 0 || _stopping)
        {
            return;
        }

        var elapsedMs = _time.GetElapsedTime(since).TotalMilliseconds;
        var limitMs = thread.IsWarm ? _options.StuckStepMs : _options.StuckFirstStepMs;
        if (elapsedMs <= limitMs || !thread.Gate.TryAbandon(since))
        {
            return;
        }

        LogStuck(_log, elapsedMs);
        _health.Mark(EngineState.Stuck, "A step did not return; the model is being opened again.");
        _thread = CreateThread(thread);
        _thread.Start();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A step has not returned for {ElapsedMs:F0} ms. " +
        "Its generations are ended and the model is opened again.")]
    private static partial void LogStuck(ILogger log, double elapsedMs);

    [LoggerMessage(Level = LogLevel.Error, Message = "The engine thread did not stop within 5 s.")]
    private static partial void LogStuckAtStop(ILogger log);
}
