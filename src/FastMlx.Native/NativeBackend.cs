namespace FastMlx.Native;

/// <summary>FM_BACKEND_* of fastmlx.h.</summary>
public enum NativeBackend
{
    /// <summary>MLX where it is linked and a GPU exists, else the CPU.</summary>
    Auto = 0,
    Mlx = 1,

    /// <summary>The CPU, quantised weights summed in float32.</summary>
    Cpu = 2,

    /// <summary>No weights: the next token is a hash of the timeline.</summary>
    Null = 3,

    /// <summary>The CPU with the roundings of MLX's own CPU loops, bit for bit: for parity checks; slow.</summary>
    CpuRounded = 4,
}
