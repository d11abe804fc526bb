using BenchmarkDotNet.Running;

namespace FastMlx.Benchmarks;

internal static class Program
{
    /// <summary>
    /// <c>--ceilings</c> compares allocations with perf/ceilings.json; the rest is BenchmarkDotNet's.
    /// </summary>
    public static int Main(string[] args)
    {
        if (args is ["--ceilings"])
            return Ceilings.Check();
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
