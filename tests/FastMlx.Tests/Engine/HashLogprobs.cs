using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>What the hash model tells as log-probabilities: functions of the timeline alone.</summary>
internal static class HashLogprobs
{
    public static float Of(ulong hash, int token) => -(float)(HashModel.Extend(hash ^ 77, token) % 100_000) / 1000;

    public static void Top(ulong hash, Span<TokenLogprob> top)
    {
        for (var i = 0; i < top.Length; i++)
        {
            top[i] = new TokenLogprob((int)(HashModel.Extend(hash, i) % (ulong)HashModel.VocabSize), -i - 1);
        }
    }
}
