using System.Diagnostics;
using FastMlx.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>What is said while the engine recovers, and how soon it answers again.</summary>
public sealed class RecoveryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(ModelCall.Begin)]
    [InlineData(ModelCall.End)]
    public async Task Engine_AStepThatThrowsAnything_EndsItsGenerations_AndServesAgain(ModelCall where)
    {
        var calls = 0;
        await using var engine = await EngineLoopTests.OpenAsync(new HashModelOptions
        {
            Fails = call => call == where && Interlocked.Increment(ref calls) == 5
                ? throw new DivideByZeroException("nobody expects it")
                : null,
        });
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 100);
        var (tokens, generation) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(FinishReason.Failed, generation.FinishReason);
        Assert.Contains("nobody expects it", generation.Failure, StringComparison.Ordinal);
        Assert.True(tokens.SequenceEqual(Cold.Answer(request, engine.ContextLength).Tokens.Take(tokens.Count)));
        var (again, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, again);
    }

    [Fact]
    public async Task Engine_AfterAFailure_AnswersWithinThreeSeconds()
    {
        var opened = 0;
        await using var engine = await OpenAsync(
            () => Interlocked.Increment(ref opened) switch
            {
                1 => new HashModel(new HashModelOptions { Fails = Broken }),
                2 or 3 => throw new ModelException(ModelFailure.NoMemory, "not yet"),
                _ => new HashModel(new HashModelOptions()),
            },
            TimeProvider.System);
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 10);
        Assert.Equal(FinishReason.Failed, (await EngineLoopTests.RunAsync(engine, request)).Generation.FinishReason);
        var start = Stopwatch.GetTimestamp();
        Generation generation;
        do
        {
            (_, generation) = await EngineLoopTests.RunAsync(engine, request);
        }
        while (generation.FinishReason == FinishReason.Failed);

        Assert.Equal(4, opened);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 3);
    }

    [Fact]
    public async Task Engine_WhileTheModelIsOpenedAgain_HealthSaysRecovering()
    {
        var opened = 0;
        using var mayOpen = new ManualResetEventSlim();
        await using var engine = await OpenAsync(
            () =>
            {
                if (Interlocked.Increment(ref opened) == 1)
                {
                    return new HashModel(new HashModelOptions { Fails = Broken });
                }

                mayOpen.Wait(Patience);
                return new HashModel(new HashModelOptions());
            },
            TimeProvider.System);
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 10);
        await EngineLoopTests.RunAsync(engine, request);
        await EngineLoopTests.RunAsync(engine, request); // The second failure in a row gives the model up.
        Until(() => engine.Health.State == EngineState.Recovering);
        Assert.NotNull(engine.Health.Reason);
        mayOpen.Set();
        await EngineLoopTests.RunAsync(engine, request);
        Until(() => engine.Health is { State: EngineState.Ready, Reason: null });
    }

    [Fact]
    public async Task Engine_WhileAStepIsStuck_HealthSaysSo()
    {
        var opened = 0;
        using var mayOpen = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var time = new ManualTime();
        var isStuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = await OpenAsync(
            () =>
            {
                if (Interlocked.Increment(ref opened) > 1)
                {
                    mayOpen.Wait(Patience);
                    return new HashModel(new HashModelOptions());
                }

                var steps = 0;
                return new HashModel(new HashModelOptions
                {
                    Fails = call =>
                    {
                        if (call == ModelCall.End && ++steps == 5)
                        {
                            isStuck.TrySetResult();
                            release.Wait(Patience);
                        }

                        return null;
                    },
                });
            },
            time);
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 100);
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var stuck));
        await isStuck.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(EngineState.Stuck, engine.Health.State);
        Assert.NotNull(engine.Health.Reason);
        await EngineLoopTests.ReadAllAsync(stuck!);
        Assert.Equal(FinishReason.Failed, stuck!.FinishReason);
        mayOpen.Set();
        await EngineLoopTests.RunAsync(engine, request);
        Until(() => engine.Health is { State: EngineState.Ready, Reason: null });
        release.Set();
    }

    private static ModelFailure? Broken(ModelCall call) => call == ModelCall.Begin ? ModelFailure.Internal : null;

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience));

    private static Task<EngineLoop> OpenAsync(Func<IModel> open, TimeProvider time) => EngineLoop.OpenAsync(
        open, new EngineOptions { StateBytes = 1 << 30 }, time, NullLogger.Instance);
}
