using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

public sealed record HashModelOptions
{
    public bool CanTrim { get; init; } = true;

    public bool CanSaveRows { get; init; }

    public int ContextMax { get; init; } = 4096;

    public int MaxSlots { get; init; } = 64;

    public int MaxStepTokens { get; init; } = 512;

    public ulong BytesPerToken { get; init; } = 16;

    public ulong FixedBytes { get; init; }

    /// <summary>The model's own limit, beyond which calls fail for want of memory; 0 for none.</summary>
    public ulong StateBytesMax { get; init; }

    /// <summary>Asked at each call that can fail; an answer makes it fail.</summary>
    public Func<ModelCall, ModelFailure?>? Fails { get; init; }

    public Action<HashModel>? Disposed { get; init; }
}

public enum ModelCall
{
    Open,
    Fork,
    Trim,
    Save,
    Load,
    Begin,
    End,
}
