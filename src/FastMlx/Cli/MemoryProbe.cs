using System.Diagnostics;
using System.Numerics;

namespace FastMlx.Cli;

/// <summary>How fast all cores together read memory: the ceiling of writing answers.</summary>
internal static class MemoryProbe
{
    private const int Words = 32 << 20; // 256 MB, more than any cache
    private const int Rounds = 4;

    public static double BytesPerSecond()
    {
        ulong[] memory = new ulong[Words];
        Array.Fill(memory, 1UL);
        int cores = Environment.ProcessorCount;
        double best = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long begin = Stopwatch.GetTimestamp();
            Parallel.For(0, cores, core =>
            {
                int share = Words / cores;
                // Used, so that the loop is not thought away.
                if (Sum(memory.AsSpan(core * share, share)) == 0)
                    throw new InvalidOperationException("The memory does not hold what was written.");
            });
            best = Math.Max(best, Words * 8.0 / Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        return best;
    }

    private static ulong Sum(ReadOnlySpan<ulong> words)
    {
        Vector<ulong> a = default, b = default;
        int step = Vector<ulong>.Count * 2, i = 0;
        for (; i + step <= words.Length; i += step)
        {
            a += new Vector<ulong>(words[i..]);
            b += new Vector<ulong>(words[(i + Vector<ulong>.Count)..]);
        }

        return Vector.Sum(a + b);
    }
}
