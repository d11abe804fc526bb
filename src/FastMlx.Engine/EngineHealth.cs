namespace FastMlx.Engine;

/// <summary>
/// What the engine is doing. A snapshot, at most 100 ms old while steps run; any thread. A struct, so that publishing
/// one costs no memory while answers stream.
/// </summary>
public readonly record struct EngineHealth
{
    public static EngineHealth Opening => new() { State = EngineState.Opening };

    public required EngineState State { get; init; }

    /// <summary>Why the state is not Ready, in a sentence; null otherwise.</summary>
    public string? Reason { get; init; }

    public int Queued { get; init; }
    public int Running { get; init; }
    public int Slots { get; init; }
    public int CachedTimelines { get; init; }
    public ulong StateBytes { get; init; }
    public ulong StateBytesMax { get; init; }
    public ulong CachedBytes { get; init; }
    public ulong WeightBytes { get; init; }
    public double LastStepMs { get; init; }
    public int ChunkTokens { get; init; }

    /// <summary>Totals since the start.</summary>
    public long Steps { get; init; }
    public long Requests { get; init; }
    public long PromptTokens { get; init; }
    public long ReusedTokens { get; init; }
    public long PrefilledTokens { get; init; }
    public long SampledTokens { get; init; }
    public long Failures { get; init; }
    public long Restarts { get; init; }
    public long Preemptions { get; init; }
    public long Evictions { get; init; }

    /// <summary>Chunk files of the disk tier, and chunks written and read back since the start.</summary>
    public long DiskBytes { get; init; }
    public int DiskChunks { get; init; }
    public long DiskSaved { get; init; }
    public long DiskRestored { get; init; }

    /// <summary>There is no disk tier, or it has stopped saving after a failure.</summary>
    public bool DiskIsOff { get; init; }

    /// <summary>Sampled and prefilled tokens a second over the last seconds with work; 0 when idle.</summary>
    public double SampledPerSecond { get; init; }
    public double PrefilledPerSecond { get; init; }

    /// <summary>Share of all prompt tokens that came from a cache, 0 to 1.</summary>
    public double HitRate => PromptTokens == 0 ? 0 : (double)ReusedTokens / PromptTokens;
}

public enum EngineState
{
    Opening,
    Ready,

    /// <summary>A step has exceeded its limit and has not returned.</summary>
    Stuck,

    /// <summary>The model failed and is being opened again.</summary>
    Recovering,
    Stopped,
}
