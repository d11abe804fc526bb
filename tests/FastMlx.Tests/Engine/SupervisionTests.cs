using FastMlx.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>
/// The engine fails in the open: affected generations end as failed, the others and the next ones go on.
/// </summary>
public sealed class SupervisionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Engine_AFailingStep_EndsItsGenerations_AndServesAgain()
    {
        var ends = 0;
        await using var engine = await EngineLoopTests.OpenAsync(new HashModelOptions
        {
            Fails = call => call == ModelCall.End && Interlocked.Increment(ref ends) == 5 ? ModelFailure.Internal : null,
        });
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 100);
        var (tokens, generation) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(FinishReason.Failed, generation.FinishReason);
        Assert.Equal("end failed", generation.Failure);
        Assert.True(tokens.SequenceEqual(Cold.Answer(request, engine.ContextLength).Tokens.Take(tokens.Count)));
        var (again, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, again);
        await engine.DisposeAsync(); // The last snapshot is exact.
        Assert.True(engine.Health.Failures > 0);
    }

    [Fact]
    public async Task Engine_AModelThatKeepsFailing_IsOpenedAgain()
    {
        var opened = 0;
        var isBroken = true;
        await using var engine = await EngineLoop.OpenAsync(
            () =>
            {
                var number = Interlocked.Increment(ref opened);
                return new HashModel(new HashModelOptions
                {
                    Fails = call => call == ModelCall.Begin && Volatile.Read(ref isBroken) && number < 3
                        ? ModelFailure.Internal
                        : null,
                });
            },
            new EngineOptions { StateBytes = 1 << 30 },
            TimeProvider.System,
            NullLogger.Instance);
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 10);
        for (var i = 0; i < 20; i++)
        {
            var (_, generation) = await EngineLoopTests.RunAsync(engine, request);
            if (generation.FinishReason != FinishReason.Failed)
            {
                break;
            }
        }

        var (tokens, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
        Assert.Equal(3, opened);
        await engine.DisposeAsync();
        Assert.Equal(2, engine.Health.Restarts);
    }

    [Fact]
    public async Task Engine_AStuckStep_IsNoticed_AndServedByANewModel()
    {
        var opened = 0;
        using var release = new ManualResetEventSlim();
        var time = new ManualTime();
        var isStuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var disposed = new TaskCompletionSource();
        await using var engine = await EngineLoop.OpenAsync(
            () =>
            {
                var isFirst = Interlocked.Increment(ref opened) == 1;
                var steps = 0;
                return new HashModel(new HashModelOptions
                {
                    Fails = call =>
                    {
                        if (isFirst && call == ModelCall.End && ++steps == 5)
                        {
                            isStuck.TrySetResult();
                            release.Wait(Patience);
                        }

                        return null;
                    },
                    Disposed = _ =>
                    {
                        if (isFirst)
                        {
                            disposed.TrySetResult();
                        }
                    },
                });
            },
            new EngineOptions { StateBytes = 1 << 30 },
            time,
            NullLogger.Instance);
        var request = EngineLoopTests.Request(Bench.Tokens(1, 20), 100);
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var stuck));
        await isStuck.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, opened);
        time.Advance(TimeSpan.FromSeconds(2));
        await EngineLoopTests.ReadAllAsync(stuck!);
        Assert.Equal(FinishReason.Failed, stuck!.FinishReason);
        var (tokens, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
        Assert.Equal(2, opened);
        release.Set(); // The old thread comes back: it must touch nothing but its own model.
        await disposed.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        var (again, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(tokens, again);
        await engine.DisposeAsync();
        Assert.Equal(EngineState.Stopped, engine.Health.State);
        Assert.Equal(1, engine.Health.Restarts);
    }

    [Fact]
    public async Task Engine_AModelThatDoesNotOpen_FailsTheStart() =>
        await Assert.ThrowsAsync<ModelException>(() => EngineLoop.OpenAsync(
            () => throw new ModelException(ModelFailure.Io, "no such folder"),
            new EngineOptions(),
            TimeProvider.System,
            NullLogger.Instance));

    [Fact]
    public async Task Engine_Stopping_EndsWhatIsLeftAsFailed_AndRefusesTheRest()
    {
        var engine = await EngineLoopTests.OpenAsync(new HashModelOptions { ContextMax = 1_000_000 });
        Assert.Equal(SubmitResult.Accepted, engine.Submit(EngineLoopTests.Request(Bench.Tokens(1, 20), 900_000), out var long1));
        await engine.DisposeAsync();
        await EngineLoopTests.ReadAllAsync(long1!);
        Assert.Equal(FinishReason.Failed, long1!.FinishReason);
        Assert.Equal(SubmitResult.Stopped, engine.Submit(EngineLoopTests.Request([1], 1), out _));
        Assert.Equal(EngineState.Stopped, engine.Health.State);
    }

    [Fact]
    public async Task Engine_Health_TellsWhatItHasDone()
    {
        await using var engine = await EngineLoopTests.OpenAsync(new HashModelOptions());
        var request = EngineLoopTests.Request(Bench.Tokens(1, 200), 30);
        await EngineLoopTests.RunAsync(engine, request);
        await EngineLoopTests.RunAsync(engine, request);
        await engine.DisposeAsync();
        var health = engine.Health;
        Assert.Equal(2, health.Requests);
        Assert.Equal(400, health.PromptTokens);
        Assert.Equal(199, health.ReusedTokens);
        Assert.Equal(201, health.PrefilledTokens);
        Assert.Equal(60, health.SampledTokens);
        Assert.InRange(health.HitRate, 0.49, 0.5);
        var recent = engine.Recent();
        Assert.Equal([199, 0], recent.Select(one => one.Stats.ReusedTokens));
        Assert.All(recent, one => Assert.Equal(FinishReason.MaxTokens, one.FinishReason));
        Assert.Equal(0, engine.Alive);
    }
}
