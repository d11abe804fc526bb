using BenchmarkDotNet.Running;
using FastMlx.Benchmarks.Latency;

namespace FastMlx.Benchmarks;

internal static class Program
{
    /// <summary>
    /// <c>--ceilings</c> compares allocations with perf/ceilings.json, <c>--token-latency</c> times a token's way to a
    /// client; the rest is BenchmarkDotNet's.
    /// </summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is ["--token-latency"])
            return await TokenLatency.RunAsync();
        if (args is ["--ceilings"])
            return Ceilings.Check();
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
