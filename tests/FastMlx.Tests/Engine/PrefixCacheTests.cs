using FastMlx.Engine;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>A prompt token is computed once: what must be reused, forked, waited for and kept.</summary>
public sealed class PrefixCacheTests
{
    public static TheoryData<bool> Both => [true, false];

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_AFollowUpTurn_PaysOnlyForWhatIsNew(bool canTrim)
    {
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 });
        var prompt = Bench.Tokens(1, 9000);
        var first = bench.Run(Request(prompt, 100));
        for (var turn = 0; turn < 5; turn++)
        {
            int[] next = [.. prompt, .. first.Tokens, .. Bench.Tokens(turn + 2, 30)];
            var second = bench.Run(Request(next, 100));
            Assert.Equal(prompt.Length + first.Tokens.Count - 1, second.Stats.ReusedTokens);
            Assert.Equal(31, second.Stats.PrefilledTokens);
            prompt = next;
            first = second;
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_ADroppedTail_ComesBackToTheEndOfHistory(bool canTrim)
    {
        // As templates do that drop the old reasoning: the next prompt leaves the last timeline at the end of history.
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 });
        var history = Bench.Tokens(1, 5000);
        bench.Run(Request([.. history, .. Bench.Tokens(2, 10)], 50) with { Checkpoints = [1000, 5000] });
        var next = bench.Run(Request([.. history, .. Bench.Tokens(3, 200)], 50) with { Checkpoints = [1000, 5000] });
        Assert.Equal(5000, next.Stats.ReusedTokens);
        Assert.Equal(5000, next.Stats.DivergedAt);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_TheSamePromptAgain_FeedsAtLeastOneToken(bool canTrim)
    {
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim });
        var request = Request(Bench.Tokens(1, 600), 20);
        bench.Run(request);
        var again = bench.Run(request);
        Assert.Equal(599, again.Stats.ReusedTokens);
        Assert.Equal(1, again.Stats.PrefilledTokens);
        Assert.Equal(-1, again.Stats.DivergedAt);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_EightSubagentsAtOnce_ComputeTheirPrefixOnce(bool canTrim)
    {
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 });
        var prefix = Bench.Tokens(1, 8000);
        var clients = Enumerable.Range(0, 8)
            .Select(i => Request([.. prefix, .. Bench.Tokens(i + 2, 50)], i == 0 ? 400 : 20))
            .Select(request => bench.Submit(request with { Lane = Lane.Subagent }))
            .ToList();
        while (clients[1].Ends == 0)
        {
            bench.Turn();
        }

        Assert.Equal(0, clients[0].Ends); // The followers wait for the prefix, not for the leader's answer.
        bench.Finish();
        clients.ForEach(bench.Expect);
        Assert.InRange(bench.Model.TokensFed, 8000, 8000 + 380 + (8 * (50 + 21)));
        Assert.Equal(7, clients.Count(client => client.Stats.ReusedTokens == 8000));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_ALateSubagent_ForksARunningPrefix(bool canTrim)
    {
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 });
        var prefix = Bench.Tokens(1, 3000);
        var first = bench.Submit(Request([.. prefix, .. Bench.Tokens(2, 900)], 200) with { Checkpoints = [3000] });
        while (first.Tokens.Count < 20)
        {
            bench.Turn();
        }

        var late = bench.Submit(Request([.. prefix, .. Bench.Tokens(3, 50)], 20));
        bench.Finish();
        bench.Expect(first);
        bench.Expect(late);
        Assert.Equal(3000, late.Stats.ReusedTokens);
        Assert.True(first.Stats.DecodeMs > late.Stats.DecodeMs);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_ACancelledPrefill_IsKept(bool canTrim)
    {
        var bench = new Bench(new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 });
        var request = Request(Bench.Tokens(1, 10_000), 20);
        var first = bench.Submit(request);
        while (first.Stats.PrefilledTokens < 4000)
        {
            bench.Turn();
        }

        first.CancelRequested = true;
        bench.Finish();
        Assert.Equal(FinishReason.Cancelled, first.Reason);
        var again = bench.Run(request);
        Assert.True(again.Stats.ReusedTokens >= 4000);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Cache_ManySmallRequests_DoNotEvictTheLargeOne(bool canTrim)
    {
        var bench = new Bench(
            new HashModelOptions { CanTrim = canTrim, ContextMax = 20_000 },
            new EngineOptions { StateBytes = 16 * 21_500 });
        var main = Request(Bench.Tokens(1, 10_000), 20);
        bench.Run(main);
        for (var i = 0; i < 100; i++)
        {
            bench.Run(Request(Bench.Tokens(i + 2, 400), 20) with { Lane = Lane.Title });
        }

        Assert.Equal(9999, bench.Run(main).Stats.ReusedTokens);
    }

    [Fact]
    public void Cache_IsBoundedInBytesAndSlots()
    {
        var bench = new Bench(
            new HashModelOptions { MaxSlots = 6 },
            new EngineOptions { StateBytes = 16 * 3000, MaxRunning = 2 });
        for (var i = 0; i < 30; i++)
        {
            bench.Run(Request(Bench.Tokens(i, 700), 20));
            Assert.True(bench.Model.TotalBytes <= 16 * 3000);
            Assert.True(bench.Model.OpenSlots <= 6);
        }

        Assert.True(bench.Model.OpenSlots >= 3);
    }

    [Fact]
    public void Cache_PartitionsNeverShare()
    {
        var bench = new Bench(new HashModelOptions());
        var request = Request(Bench.Tokens(1, 500), 20);
        bench.Run(request);
        var other = bench.Run(request with { Partition = 7 });
        Assert.Equal(0, other.Stats.ReusedTokens);
        Assert.Equal(0, other.Stats.DivergedAt);
    }

    [Fact]
    public void Cache_SupersededTimelines_AreClosed()
    {
        var bench = new Bench(new HashModelOptions());
        var prompt = Bench.Tokens(1, 500);
        bench.Run(Request(prompt, 20));
        bench.Run(Request([.. prompt, .. Bench.Tokens(2, 100)], 20));
        Assert.Equal(1, bench.Model.OpenSlots); // Taken over with its short tail cut off.
        bench.Run(Request([.. prompt.AsSpan(0, 100), .. Bench.Tokens(3, 100)], 20));
        Assert.Equal(2, bench.Model.OpenSlots); // Forked: the tail is worth keeping.
        bench.Run(Request(prompt, 1));
        Assert.Equal(2, bench.Model.OpenSlots); // Nothing new in it.
    }

    private static GenerationRequest Request(int[] prompt, int maxTokens) =>
        new() { Prompt = prompt, MaxTokens = maxTokens };
}
