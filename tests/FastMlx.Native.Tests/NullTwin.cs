namespace FastMlx.Native.Tests;

/// <summary>The null backend in C#: what fm_step must answer for a timeline.</summary>
internal static class NullTwin
{
    private const ulong Empty = 0x6E756C6C6D6F6465;

    public static int Next(IEnumerable<int> timeline, int vocabSize)
    {
        ulong hash = Empty;
        foreach (int token in timeline)
            hash = Mix(hash ^ unchecked(((ulong)token + 1) * 0x9E3779B97F4A7C15));
        return (int)(hash % (ulong)vocabSize);
    }

    private static ulong Mix(ulong x)
    {
        unchecked
        {
            x ^= x >> 30;
            x *= 0xBF58476D1CE4E5B9;
            x ^= x >> 27;
            x *= 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }
}
