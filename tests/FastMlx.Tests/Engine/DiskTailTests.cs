using Xunit;
using static FastMlx.Tests.Engine.DiskTierTests;

namespace FastMlx.Tests.Engine;

/// <summary>State that has parts beside its rows: where it may be taken up again.</summary>
public sealed class DiskTailTests
{
    [Fact]
    public void Disk_StateWithPartsBesideRows_IsTakenUpAtItsTailsOnly()
    {
        var files = new MemoryFiles();
        var first = Start(files, Model(false, true));
        first.Bench.Run(Request(Bench.Tokens(1, 5000), 5) with { Checkpoints = [1000] });
        SaveAll(first);
        var second = Start(files, Model(false, true));
        var client = Run(second, Request([.. Bench.Tokens(1, 5000)[..2500], .. Bench.Tokens(2, 40)], 5));
        Assert.Equal(1000, client.Stats.ReusedTokens);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(512)]
    public void Disk_ATimelineThatEndsWhereAChunkWould_HasATail(int count)
    {
        var files = new MemoryFiles();
        var first = Start(files, Model(false, true));
        var request = Request(Bench.Tokens(1, count - 9), 10);
        var answer = first.Bench.Run(request).Tokens;
        SaveAll(first);
        var second = Start(files, Model(false, true));
        var next = Request([.. request.Prompt, .. answer, .. Bench.Tokens(2, 300)], 10);
        Assert.Equal(count, Run(second, next).Stats.ReusedTokens);
        SaveAll(second);
        var third = Start(files, Model(false, true));
        Assert.Equal(next.Prompt.Length - 1, Run(third, next).Stats.ReusedTokens);
    }
}
