using FastMlx.Engine;
using FastMlx.Native;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>The engine over the real ABI, whose null backend is as sensitive to a wrong timeline as the fake.</summary>
public sealed class NativeNullTests
{
    [Fact]
    public async Task Engine_OverTheNativeNullBackend_AnswersTogetherAsAlone()
    {
        var prefix = Bench.Tokens(0, 700);
        var requests = Enumerable.Range(1, 24)
            .Select(i => EngineLoopTests.Request([.. prefix.AsSpan(0, i * 29), .. Bench.Tokens(i, 40)], 60))
            .ToList();
        var alone = new List<List<int>>();
        foreach (var request in requests.Take(6))
        {
            await using var cold = await OpenAsync(1);
            alone.Add((await EngineLoopTests.RunAsync(cold, request)).Tokens);
        }

        await using var engine = await OpenAsync(2);
        var together = await Task.WhenAll(requests.Select(request => EngineLoopTests.RunAsync(engine, request)));
        var again = await Task.WhenAll(requests.Select(request => EngineLoopTests.RunAsync(engine, request)));
        Assert.All(together, run => Assert.Null(run.Generation.Failure));
        Assert.All(together, run => Assert.Equal(FinishReason.MaxTokens, run.Generation.FinishReason));
        Assert.Equal(alone, together.Take(6).Select(run => run.Tokens));
        Assert.Equal(together.Select(run => run.Tokens), again.Select(run => run.Tokens));
        var reused = again.Sum(run => run.Generation.Stats.ReusedTokens);
        Assert.True(reused > requests.Sum(request => request.Prompt.Length) / 2, $"{reused} reused");
    }

    private static Task<EngineLoop> OpenAsync(int stepsInFlight) => EngineLoop.OpenAsync(
        () => NativeModel.Open("", new NativeModelOptions { Backend = NativeBackend.Null }),
        new EngineOptions { StepsInFlight = stepsInFlight, MemoryBytes = 4UL << 30 },
        TimeProvider.System,
        NullLogger.Instance);
}
