using FastMlx.Engine.Scheduling;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>Chunks on a machine where a step costs something anyway, and each token something more.</summary>
public sealed class ChunkSizerTests
{
    private const double TargetMs = 150;
    private const double IdleTargetMs = 1000;

    [Theory]
    [InlineData(0.5, 0.1, 512)] // Small model: the largest chunk takes 52 ms.
    [InlineData(10, 1, 128)] // 140 ms are left for tokens: 140, in sixteens.
    [InlineData(100, 1, 96)] // A step costs 100 ms anyway: as much again for the prompt.
    [InlineData(100, 50, 16)] // Slow in each token: the least.
    [InlineData(3000, 10, 288)] // Steps cost far more than the target, tokens little: small chunks would help nobody.
    public void Chunk_BesideAnAnswer_FitsTheTarget_OrTwiceAStep(double fixedMs, double tokenMs, int expected)
    {
        var sizer = new ChunkSizer(512, TargetMs, IdleTargetMs);
        for (var i = 0; i < 40; i++)
        {
            sizer.Observe(1, fixedMs + tokenMs);
            var chunk = sizer.Chunk(beside: true);
            sizer.Observe(chunk + 1, fixedMs + (tokenMs * (chunk + 1)));
        }

        Assert.InRange(sizer.Chunk(beside: true), Math.Max(16, expected - 16), expected);
        var longest = fixedMs + (tokenMs * Math.Max(16, sizer.Chunk(beside: true)));
        Assert.True(longest <= Math.Max(TargetMs, 2 * (fixedMs + tokenMs)) + (16 * tokenMs), $"{longest} ms");
    }

    [Fact]
    public void Chunk_OnABusyMachine_DoesNotShrinkForStepsThatAreSlowAnyway()
    {
        var sizer = new ChunkSizer(512, TargetMs, IdleTargetMs);
        for (var i = 0; i < 4; i++)
        {
            sizer.Observe(1, 4000);
        }

        for (var i = 0; i < 40; i++)
        {
            var chunk = sizer.Chunk(beside: false);
            sizer.Observe(chunk, 4000 + (10 * chunk));
        }

        Assert.InRange(sizer.Chunk(beside: false), 256, 512);
    }

    [Fact]
    public void Chunk_Grows_ByDoublingOnly()
    {
        var sizer = new ChunkSizer(512, TargetMs, IdleTargetMs);
        int[] chunks = [.. Enumerable.Range(0, 6).Select(_ =>
        {
            var chunk = sizer.Chunk(beside: false);
            sizer.Observe(chunk, 0.01 * chunk);
            return chunk;
        })];
        Assert.Equal([64, 128, 256, 512, 512, 512], chunks);
    }
}
