namespace FastMlx.Native.Tests;

/// <summary>Sampling on the CPU.</summary>
public sealed class CpuSamplerTests() : SamplerTests(NativeBackend.Cpu);
