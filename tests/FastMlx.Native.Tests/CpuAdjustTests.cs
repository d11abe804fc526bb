namespace FastMlx.Native.Tests;

/// <summary>Adjustments on the CPU.</summary>
public sealed class CpuAdjustTests() : AdjustTests(NativeBackend.Cpu);
