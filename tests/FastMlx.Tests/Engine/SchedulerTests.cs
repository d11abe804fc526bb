using FastMlx.Engine;
using FastMlx.Engine.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

public sealed class SchedulerTests
{
    [Fact]
    public void Scheduler_APromptNeverStallsAnAnswerForMoreThanOneChunk()
    {
        var bench = new Bench(
            new HashModelOptions { ContextMax = 40_000 },
            new EngineOptions { StepsInFlight = 1, ChunkTargetMs = 150 });
        var running = bench.Submit(Request(1, 10, 3000));
        bench.Turn();
        bench.Submit(Request(2, 20_000, 5));
        var gap = 0.0;
        var last = bench.NowMs;
        while (!bench.Pipeline.Scheduler.IsIdle && running.Ends == 0)
        {
            // 1 ms a token and 5 ms a step: a machine of a thousand tokens a second.
            var fed = bench.Model.TokensFed;
            var before = running.Tokens.Count;
            bench.Pipeline.Turn();
            bench.NowMs += 5 + (bench.Model.TokensFed - fed);
            if (running.Tokens.Count > before)
            {
                gap = Math.Max(gap, bench.NowMs - last);
                last = bench.NowMs;
            }
        }

        Assert.InRange(gap, 20, 250);
        bench.Finish();
        bench.Expect(running);
    }

    [Fact]
    public void Scheduler_EachStepCarriesEveryRunningAnswer()
    {
        var bench = new Bench(new HashModelOptions(), new EngineOptions { StepsInFlight = 1 });
        var clients = Enumerable.Range(0, 6).Select(i => bench.Submit(Request(i, 5, 50))).ToList();
        while (clients.Exists(client => client.Tokens.Count == 0))
        {
            bench.Turn();
        }

        var steps = bench.Model.StepsBegun;
        bench.Finish();
        Assert.InRange(bench.Model.StepsBegun - steps, 45, 50);
    }

    [Fact]
    public void Scheduler_TwoStepsInFlight_AddNoStepPerToken()
    {
        var bench = new Bench(new HashModelOptions(), new EngineOptions { StepsInFlight = 2 });
        bench.Run(Request(1, 10, 100));
        Assert.Equal(100, bench.Model.StepsBegun);
        var full = new Bench(new HashModelOptions { ContextMax = 60 }, new EngineOptions { StepsInFlight = 2 });
        full.Run(Request(1, 10, 100));
        Assert.Equal(50, full.Model.StepsBegun);
    }

    [Fact]
    public void Scheduler_StartsTheMostUrgentLaneFirst()
    {
        var bench = new Bench(new HashModelOptions(), new EngineOptions { MaxRunning = 1 });
        var blocker = bench.Submit(Request(0, 10, 50));
        bench.Turn();
        Lane[] lanes = [Lane.Batch, Lane.Title, Lane.Subagent, Lane.Main];
        var clients = lanes.Select((lane, i) => bench.Submit(Request(i + 1, 10, 5) with { Lane = lane })).ToList();
        var ended = new List<Lane>();
        while (!bench.Pipeline.Scheduler.IsIdle)
        {
            bench.Turn();
            ended.AddRange(clients.Where(one => one.Ends == 1 && !ended.Contains(one.Request.Lane)).Select(one => one.Request.Lane));
        }

        Assert.Equal(1, blocker.Ends);
        Assert.Equal([Lane.Main, Lane.Subagent, Lane.Title, Lane.Batch], ended);
    }

    [Fact]
    public void Scheduler_ABatchRequest_AgesAndIsNotStarved()
    {
        var bench = new Bench(new HashModelOptions(), new EngineOptions { MaxRunning = 1, AgingMs = 1000 });
        bench.Submit(Request(0, 10, 20));
        bench.Turn();
        var batch = bench.Submit(Request(1, 10, 5) with { Lane = Lane.Batch });
        for (var i = 2; batch.Ends == 0; i++)
        {
            Assert.True(bench.NowMs < 10_000, "starved");
            bench.Submit(Request(i, 10, 20));
            for (var turn = 0; turn < 20; turn++)
            {
                bench.Turn();
            }
        }

        Assert.True(bench.NowMs > 2000, "not less urgent at all");
    }

    [Fact]
    public void Scheduler_UnderMemoryPressure_PreemptsTheLeastUrgentAndLosesNothing()
    {
        var bench = new Bench(
            new HashModelOptions { BytesPerToken = 16, ContextMax = 2000 },
            new EngineOptions { StateBytes = 16 * 2500, MaxRunning = 4 });
        var main = bench.Submit(Request(1, 400, 1500));
        var other = bench.Submit(Request(2, 400, 1500) with { Lane = Lane.Batch });
        while (main.Ends == 0)
        {
            bench.Turn();
        }

        Assert.Equal(0, other.Ends);
        bench.Finish();
        bench.Expect(main);
        bench.Expect(other);
        Assert.True(bench.Pipeline.Scheduler.Totals.Preemptions > 0);
        Assert.True(bench.Model.TotalBytes <= 16 * 2500);
    }

    [Fact]
    public void Scheduler_ASlowReader_HoldsBackItselfOnly()
    {
        var bench = new Bench(new HashModelOptions());
        var slow = new SimulatedClient(Request(1, 10, 100), 5);
        bench.Pipeline.Scheduler.Submit(slow.Request, slow, 0);
        var fast = bench.Submit(Request(2, 10, 100));
        while (bench.Turn())
        {
        }

        Assert.Equal(1, fast.Ends);
        Assert.Equal(5, slow.Tokens.Count);
        while (slow.Ends == 0)
        {
            slow.Read(5);
            bench.Turn();
        }

        bench.Expect(slow);
    }

    [Fact]
    public void Scheduler_ACancelWhileWaiting_EndsAtTheNextTurn()
    {
        var bench = new Bench(new HashModelOptions(), new EngineOptions { MaxRunning = 1 });
        bench.Submit(Request(1, 10, 500));
        bench.Turn();
        var waiting = bench.Submit(Request(2, 10, 500));
        bench.Turn();
        waiting.CancelRequested = true;
        bench.Turn();
        Assert.Equal(FinishReason.Cancelled, waiting.Reason);
    }

    [Fact]
    public void Scheduler_MaxTokensZero_OnlyFillsTheCache()
    {
        var bench = new Bench(new HashModelOptions());
        var warm = bench.Run(Request(1, 300, 0));
        Assert.Equal(FinishReason.MaxTokens, warm.Reason);
        Assert.Equal(299, bench.Run(Request(1, 300, 10)).Stats.ReusedTokens);
    }

    [Fact]
    public void Scheduler_AStep_AllocatesNothing()
    {
        var model = new SilentModel();
        var options = new EngineOptions { StateBytes = 1 << 30 };
        var limits = EngineLimits.Derive(options, model.Info);
        var now = 0.0;
        var pipeline = new StepPipeline(model, options, limits, null, () => now, NullLogger.Instance);
        var clients = new List<DeafClient>();
        for (var i = 0; i < 4; i++)
        {
            clients.Add(new DeafClient());
            pipeline.Scheduler.Submit(Request(i, 10, 900), clients[i], 0);
        }

        for (var i = 0; i < 100; i++)
        {
            now += 10;
            pipeline.Turn();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 500; i++)
        {
            now += 10;
            pipeline.Turn();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.All(clients, client => Assert.True(client.Count > 500));
    }

    [Fact]
    public void Scheduler_ADivergedSession_IsExplained_EvenWhenItsStateIsGone()
    {
        var bench = new Bench(
            new HashModelOptions(),
            new EngineOptions { StateBytes = 16 * 1100 });
        var prompt = Bench.Tokens(1, 800);
        bench.Run(new GenerationRequest { Prompt = prompt, MaxTokens = 5, Session = "a" });
        for (var i = 0; i < 5; i++)
        {
            bench.Run(Request(i + 2, 900, 5)); // Evicts it.
        }

        int[] next = [.. prompt.AsSpan(0, 700), .. Bench.Tokens(9, 50)];
        var client = bench.Run(new GenerationRequest { Prompt = next, MaxTokens = 5, Session = "a" });
        Assert.Equal(0, client.Stats.ReusedTokens);
        Assert.Equal(700, client.Stats.DivergedAt);
    }

    [Fact]
    public void Limits_WhatCannotFit_IsRefusedBeforePrefill()
    {
        var model = new HashModel(new HashModelOptions { ContextMax = 1000, BytesPerToken = 1000 }).Info;
        var pinned = EngineLimits.Derive(new EngineOptions { StateBytes = 500_000 }, model);
        Assert.Equal(500, pinned.ContextLength);
        Assert.Equal(SubmitResult.PromptTooLong, pinned.Check(Request(1, 500, 1)));
        Assert.Equal(SubmitResult.Accepted, pinned.Check(Request(1, 499, 1000)));
        var forced = EngineLimits.Derive(new EngineOptions { StateBytes = 500_000, ContextLength = 900 }, model);
        Assert.Equal(SubmitResult.NotEnoughMemory, forced.Check(Request(1, 400, 200)));
        Assert.Equal(SubmitResult.Accepted, forced.Check(Request(1, 400, 100)));
    }

    [Fact]
    public void Limits_TheStateBudget_IsWhatWeightsLeave()
    {
        var model = new HashModel(new HashModelOptions()).Info with { WeightBytes = 4UL << 30 };
        var limits = EngineLimits.Derive(new EngineOptions { MemoryBytes = 16UL << 30 }, model);
        Assert.Equal(((16UL << 30) - (4UL << 30) - (512UL << 20)) / 4 * 3, limits.StateBytes);
    }

    private sealed class DeafClient : ISequenceOutput
    {
        public int Count { get; private set; }

        public bool CancelRequested => false;

        public int Room => int.MaxValue;

        public void Stall()
        {
        }

        public void Write(int token) => Count++;

        public void Report(in GenerationStats stats)
        {
        }

        public void End(FinishReason reason, string? failure)
        {
        }
    }

    private static GenerationRequest Request(int seed, int length, int maxTokens) =>
        new() { Prompt = Bench.Tokens(seed, length), MaxTokens = maxTokens };
}
