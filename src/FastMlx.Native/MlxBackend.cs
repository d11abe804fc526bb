using FastMlx.Engine;

namespace FastMlx.Native;

/// <summary>What MLX is and sees in this process; any thread. Sizes in bytes, 0 where MLX does not know.</summary>
/// <param name="Version">MLX's own version, such as 0.32.2.</param>
/// <param name="HasGpu">True where it computes on a GPU; else on the processor.</param>
/// <param name="Device">The device's name.</param>
/// <param name="MemoryBytes">The device's memory.</param>
/// <param name="WorkingSetBytes">The most of it that the system recommends to use.</param>
/// <param name="LimitBytes">What MLX allows itself now.</param>
/// <param name="ActiveBytes">What its arrays hold now.</param>
/// <param name="CachedBytes">What it keeps for the next arrays.</param>
public sealed record MlxBackend(
    string Version,
    bool HasGpu,
    string Device,
    ulong MemoryBytes,
    ulong WorkingSetBytes,
    ulong LimitBytes,
    ulong ActiveBytes,
    ulong CachedBytes)
{
    /// <summary>Null where this build has no MLX. Fails with <see cref="ModelException"/> where MLX does.</summary>
    public static MlxBackend? Look()
    {
        NativeModel.Check(NativeMethods.fm_backend_describe(out FmBackendInfo info));
        return info.Mlx == 0
            ? null
            : new MlxBackend(
                NativeModel.Text(info.MlxVersion),
                info.MlxGpu != 0,
                NativeModel.Text(info.Device),
                info.MemoryBytes,
                info.WorkingSetBytes,
                info.LimitBytes,
                info.ActiveBytes,
                info.CachedBytes);
    }

    /// <summary>
    /// Gives MLX the file of its compiled kernels where it lies in the program's folder, as a published program has it;
    /// else MLX looks beside its own library. To be called before the first model is opened.
    /// </summary>
    internal static void UseMetallibBeside(string folder)
    {
        string path = Path.Combine(folder, "mlx.metallib");
        if (File.Exists(path))
            NativeModel.Check(NativeMethods.fm_use_metallib(path));
    }
}
