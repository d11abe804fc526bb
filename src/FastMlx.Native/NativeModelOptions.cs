namespace FastMlx.Native;

/// <summary>How to open a model. Zero means the engine's default.</summary>
public sealed record NativeModelOptions
{
    public NativeBackend Backend { get; init; } = NativeBackend.Auto;

    /// <summary>This process holds one part of the model, the others of <see cref="NativeGroup"/> the rest.</summary>
    public bool IsInGroup { get; init; }

    /// <summary>Threads that compute; 0 = all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Timelines at once; 0 = 64.</summary>
    public int MaxSlots { get; init; }

    /// <summary>The most tokens of one step, over all its rows; 0 = 512.</summary>
    public int MaxStepTokens { get; init; }

    /// <summary>State of all slots together, in bytes; 0 = no limit. Past it a step fails with NoMemory.</summary>
    public ulong StateBytesMax { get; init; }
}
