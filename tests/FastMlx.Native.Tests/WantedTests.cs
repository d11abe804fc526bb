using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// A step computes its last layer for those tokens only whose hidden state somebody asks for. Whatever a step's rows
/// ask, in any mixture, each gets what the whole prompt's logits say.
/// </summary>
public sealed class WantedTests
{
    private const float Exact = 1e-5f;
    private const float Near = 2e-3f; // MLX's products of one row and of several differ
    private const float Rounded = 0.15f;

    private static readonly int[] Prompt = [.. Enumerable.Range(0, 40).Select(i => ((i * 37) + 11) % 96)];

    public static TheoryData<string, NativeBackend> Models() => Backends.TinyModels(NativeBackend.Cpu, "*");

    [Theory]
    [MemberData(nameof(Models))]
    public void EveryMixtureOfRows_GetsItsOwnLogits(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int middle = model.OpenSlot(), scored = model.OpenSlot(), sampled = model.OpenSlot(), both = model.OpenSlot();
        int[] counts = [17, 23, 31, Prompt.Length];
        model.BeginStep(
            [
                new StepRow { Slot = middle, Count = counts[0], TopP = 1 },
                new StepRow { Slot = scored, Count = counts[1], TopP = 1 },
                new StepRow { Slot = sampled, Count = counts[2], TopP = 1, Sample = 3 },
                new StepRow { Slot = both, Count = counts[3], TopP = 1, Sample = 3 },
            ],
            [.. counts.SelectMany(count => Prompt[..count])],
            new StepAdjusts
            {
                Rows =
                [
                    new() { Row = 1, ScoreFirst = 0, ScoreCount = 6 },
                    new() { Row = 3, ScoreFirst = 0, ScoreCount = 20 },
                ],
                Ids = Prompt[1..21],
            });
        var next = new int[4];
        model.EndStep(next);
        float[][] expected = LogSoftmax(model);
        float allowed = backend != NativeBackend.Mlx ? Exact
            : name.EndsWith("-f32", StringComparison.Ordinal) ? Near : Rounded;
        AssertScores(expected, Scores(model, 1, 6), allowed);
        AssertScores(expected, Scores(model, 3, 20), allowed);
        float third = model.Logprobs(2, []);
        TokenLogprob[] end = Best(model, 3, next[3]);
        Assert.Equal(expected[30][next[2]], third, allowed);
        Assert.Equal(expected[39][next[3]], end[^1].Logprob, allowed);
        Assert.Equal([-1, -1], next[..2]);

        Feed(model, middle, 17, 30, sample: 0); // of this step nothing at all is asked
        int last = Feed(model, middle, 30, 40, sample: 3);
        Nearness.Same(end, Best(model, 0, last), backend, name);
    }

    private static int Feed(NativeModel model, int slot, int from, int to, int sample)
    {
        var next = new int[1];
        StepRow row = new() { Slot = slot, First = from, Count = to - from, TopP = 1, Sample = sample };
        model.BeginStep([row], Prompt[from..to]);
        model.EndStep(next);
        return next[0];
    }

    private static TokenLogprob[] Best(NativeModel model, int row, int chosen)
    {
        var best = new TokenLogprob[20];
        float own = model.Logprobs(row, best);
        return [.. best, new TokenLogprob(chosen, own)];
    }

    private static float[] Scores(NativeModel model, int row, int count)
    {
        var scores = new float[count];
        model.Scores(row, scores, []);
        return scores;
    }

    private static void AssertScores(float[][] expected, float[] scores, float allowed)
    {
        for (int i = 0; i < scores.Length; i++)
            Assert.Equal(expected[i][Prompt[i + 1]], scores[i], allowed);
    }

    private static float[][] LogSoftmax(NativeModel model)
    {
        int vocabulary = model.Info.VocabSize;
        var all = new float[Prompt.Length * vocabulary];
        model.Logits(model.OpenSlot(), 0, Prompt, all: true, all);
        return [.. all.Chunk(vocabulary).Select(row =>
        {
            float best = row.Max();
            double sum = row.Sum(value => Math.Exp(value - best));
            return row.Select(value => (float)(value - best - Math.Log(sum))).ToArray();
        })];
    }
}
