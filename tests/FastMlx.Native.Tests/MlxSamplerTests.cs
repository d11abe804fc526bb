namespace FastMlx.Native.Tests;

/// <summary>Sampling on MLX's device: the same seeds, filters and shares, in float32.</summary>
public sealed class MlxSamplerTests() : SamplerTests(NativeBackend.Mlx);
