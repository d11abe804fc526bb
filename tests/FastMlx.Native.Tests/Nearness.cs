using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// Whether two ways to the same token agree. Our CPU engine promises every bit, whatever the batch or chunk; MLX has other
/// kernels for one row than for several, so there the log-probabilities may differ by roundings.
/// </summary>
internal static class Nearness
{
    private const float Float32 = 2e-3f;
    private const float Rounded = 0.15f;

    public static void Same(TokenLogprob[] expected, TokenLogprob[] actual, NativeBackend backend, string name)
    {
        if (backend != NativeBackend.Mlx)
        {
            Assert.Equal(expected, actual);
            return;
        }

        float allowed = name.EndsWith("-f32", StringComparison.Ordinal) ? Float32 : Rounded;
        ILookup<int, float> theirs = actual.ToLookup(entry => entry.Token, entry => entry.Logprob);
        int shared = 0;
        foreach (TokenLogprob entry in expected.Where(entry => theirs.Contains(entry.Token)))
        {
            float off = MathF.Abs(entry.Logprob - theirs[entry.Token].First());
            Assert.True(off <= allowed, $"token {entry.Token} is off by {off}, allowed {allowed}");
            shared++;
        }

        Assert.True(shared > expected.Length / 2, $"only {shared} of the {expected.Length} best are the same");
    }
}
