using FastMlx.Engine;
using FastMlx.Engine.Disk;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.Tests.Engine;

/// <summary>A pipeline over a <see cref="HashModel"/> that a test drives turn by turn, with a clock it sets.</summary>
internal sealed class Bench
{
    public Bench(HashModelOptions model, EngineOptions? options = null, DiskTier? disk = null, double stepMs = 10)
    {
        Options = (options ?? new EngineOptions()) with
        {
            MaxStepTokens = model.MaxStepTokens,
            MaxSlots = model.MaxSlots,
            StateBytes = options?.StateBytes > 0 ? options.StateBytes : 1 << 30,
        };
        StepMs = stepMs;
        Model = new HashModel(model);
        Limits = EngineLimits.Derive(Options, Model.Info);
        Pipeline = new StepPipeline(Model, Options, Limits, disk, () => NowMs, NullLogger.Instance);
    }

    public EngineOptions Options { get; }

    public EngineLimits Limits { get; }

    public HashModel Model { get; }

    public StepPipeline Pipeline { get; }

    public double NowMs { get; set; }

    /// <summary>What each turn takes.</summary>
    public double StepMs { get; set; }

    public SimulatedClient Submit(GenerationRequest request)
    {
        var client = new SimulatedClient(request, int.MaxValue);
        Pipeline.Scheduler.Submit(request, client, NowMs);
        return client;
    }

    public bool Turn()
    {
        NowMs += StepMs;
        return Pipeline.Turn();
    }

    /// <summary>Turns until nothing is left to do.</summary>
    public void Finish()
    {
        for (var turns = 0; !Pipeline.Scheduler.IsIdle; turns++)
        {
            Turn();
            if (turns > 100_000)
            {
                throw new InvalidOperationException("It does not end.");
            }
        }
    }

    public SimulatedClient Run(GenerationRequest request)
    {
        var client = Submit(request);
        Finish();
        Expect(client);
        return client;
    }

    public void Expect(SimulatedClient client)
    {
        var (tokens, reason) = Cold.Answer(client.Request, Limits.ContextLength);
        if (!tokens.SequenceEqual(client.Tokens) || reason != client.Reason)
        {
            throw new InvalidOperationException($"A wrong answer: {client.Reason}, {client.Failure}.");
        }
    }

    public static int[] Tokens(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(HashModel.VocabSize))];
    }
}
