namespace FastMlx.Native.Tests;

/// <summary>Adjustments on MLX's device.</summary>
public sealed class MlxAdjustTests() : AdjustTests(NativeBackend.Mlx);
