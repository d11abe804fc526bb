namespace FastMlx.Native;

/// <summary>The processes that MLX's launcher started to compute one model together.</summary>
/// <param name="Rank">Which of them this is; 0 is the one that serves.</param>
/// <param name="Size">How many there are.</param>
public sealed record NativeGroup(int Rank, int Size)
{
    /// <summary>
    /// Waits until all are there. Fails with <see cref="Engine.ModelException"/> where no launcher started this
    /// process, or this build has no MLX.
    /// </summary>
    public static NativeGroup Join()
    {
        NativeModel.Check(NativeMethods.fm_group_join(out int rank, out int size));
        return new NativeGroup(rank, size);
    }
}
