using FastMlx.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

public sealed class EngineLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task EngineLoop_AnswersAsAloneAndCold()
    {
        await using var engine = await OpenAsync(new HashModelOptions());
        var request = Request(Prompt(1, 300), 50);
        var (tokens, generation) = await RunAsync(engine, request);
        var expected = Cold.Answer(request, engine.ContextLength);
        Assert.Equal(expected.Tokens, tokens);
        Assert.Equal(expected.Reason, generation.FinishReason);
        Assert.Equal(50, generation.Stats.SampledTokens);
        Assert.Equal(300, generation.Stats.PrefilledTokens);
        Assert.Equal(0, generation.Stats.DivergedAt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EngineLoop_ReusesAFinishedTimeline(bool canTrim)
    {
        await using var engine = await OpenAsync(new HashModelOptions { CanTrim = canTrim });
        var first = Request(Prompt(2, 500), 20);
        var (answer, _) = await RunAsync(engine, first);
        var second = Request([.. first.Prompt, .. answer, .. Prompt(3, 40)], 20);
        var (tokens, generation) = await RunAsync(engine, second);
        Assert.Equal(Cold.Answer(second, engine.ContextLength).Tokens, tokens);
        Assert.Equal(519, generation.Stats.ReusedTokens);
        Assert.Equal(canTrim ? 519 : 519, generation.Stats.DivergedAt);
    }

    [Fact]
    public async Task EngineLoop_ServesManyAtOnce()
    {
        await using var engine = await OpenAsync(new HashModelOptions { MaxStepTokens = 64 });
        var runs = Enumerable.Range(0, 40).Select(async i =>
        {
            var request = Request(Prompt(i % 5, 100 + i), 30 + i);
            var (tokens, _) = await RunAsync(engine, request);
            Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
        });
        await Task.WhenAll(runs).WaitAsync(Patience);
    }

    [Fact]
    public async Task EngineLoop_FullQueue_RefusesAtOnce()
    {
        await using var engine = await OpenAsync(new HashModelOptions(), new EngineOptions { QueueCapacity = 2, TokenRingCapacity = 4 });
        var request = Request(Prompt(1, 10), 1000);
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var a));
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var b));
        Assert.Equal(SubmitResult.QueueFull, engine.Submit(request, out _));
        a!.Cancel();
        await ReadAllAsync(a);
        Assert.Equal(FinishReason.Cancelled, a.FinishReason);
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var c));
        b!.Cancel();
        c!.Cancel();
    }

    [Fact]
    public async Task EngineLoop_OddNumbers_FailNobody()
    {
        await using var engine = await OpenAsync(new HashModelOptions());
        Assert.Throws<ArgumentException>(() => engine.Submit(Request([1, HashModel.VocabSize], 5), out _));
        Assert.Throws<ArgumentException>(() => engine.Submit(Request([-1], 5), out _));
        var odd = new SamplingParameters(float.NaN, -1, 7, -3, 1).Normalised();
        Assert.Equal(new SamplingParameters(1, 1e-6f, 1, 0, 1), odd);
    }

    internal static Task<EngineLoop> OpenAsync(HashModelOptions model, EngineOptions? options = null) =>
        EngineLoop.OpenAsync(
            () => new HashModel(model),
            (options ?? new EngineOptions()) with { MaxStepTokens = model.MaxStepTokens, StateBytes = 1 << 30 },
            TimeProvider.System,
            NullLogger.Instance);

    internal static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(HashModel.VocabSize))];
    }

    internal static GenerationRequest Request(int[] prompt, int maxTokens) =>
        new() { Prompt = prompt, MaxTokens = maxTokens };

    internal static async Task<(List<int> Tokens, Generation Generation)> RunAsync(
        EngineLoop engine, GenerationRequest request)
    {
        Assert.Equal(SubmitResult.Accepted, engine.Submit(request, out var generation));
        return (await ReadAllAsync(generation!), generation!);
    }

    internal static async Task<List<int>> ReadAllAsync(Generation generation)
    {
        var tokens = new List<int>();
        var buffer = new int[7];
        while (await generation.WaitAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience))
        {
            var count = generation.Read(buffer);
            tokens.AddRange(buffer[..count]);
        }

        return tokens;
    }
}
