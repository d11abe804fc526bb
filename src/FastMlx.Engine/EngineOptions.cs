namespace FastMlx.Engine;

/// <summary>
/// The engine's limits. Every number bounds something; the defaults suit one workstation. Sizes in bytes, lengths in
/// tokens, times in milliseconds.
/// </summary>
public sealed record EngineOptions
{
    /// <summary>Generations alive at once, queued and running; one more is refused with QueueFull.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Generations that hold a slot and take part in steps.</summary>
    public int MaxRunning { get; init; } = 16;

    /// <summary>Slots the model was opened with (fm_model_options.max_slots): running ones and cached ones.</summary>
    public int MaxSlots { get; init; } = 64;

    /// <summary>Most tokens of one step over all rows (fm_model_options.max_step_tokens).</summary>
    public int MaxStepTokens { get; init; } = 512;

    /// <summary>Longest timeline; 0 derives it from the model and the memory.</summary>
    public int ContextLength { get; init; }

    /// <summary>Memory the process may use; 0 asks the runtime. The state budget is what weights leave of it.</summary>
    public ulong MemoryBytes { get; init; }

    /// <summary>
    /// Budget of all slots together, running and cached; 0 derives it from <see cref="MemoryBytes"/>.
    /// </summary>
    public ulong StateBytes { get; init; }

    /// <summary>The longest gap that a prefill chunk may add between two tokens of a running answer.</summary>
    public double ChunkTargetMs { get; init; } = 150;

    /// <summary>The same while no answer runs: longer chunks are cheaper, but a cancel waits for one.</summary>
    public double IdleChunkTargetMs { get; init; } = 1000;

    /// <summary>A less urgent lane gives way this long per class, then it has aged into the next one.</summary>
    public double AgingMs { get; init; } = 10_000;

    /// <summary>
    /// Steps queued at once, 1 or 2; 0 chooses by measuring whether the backend works asynchronously.
    /// </summary>
    public int StepsInFlight { get; init; }

    /// <summary>A step that takes longer is stuck: its generations fail and the model is opened anew.</summary>
    public double StuckStepMs { get; init; } = 30_000;

    /// <summary>The same for the first steps after opening, which page the weights in from a slow disk.</summary>
    public double StuckFirstStepMs { get; init; } = 300_000;

    /// <summary>The disk tier of the prefix cache; null for none.</summary>
    public DiskCacheOptions? DiskCache { get; init; }

    /// <summary>Tokens that wait for a slow consumer; a full ring pauses its generation, never the engine.</summary>
    public int TokenRingCapacity { get; init; } = 4096;
}
