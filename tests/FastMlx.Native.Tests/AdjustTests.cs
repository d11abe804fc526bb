using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>Biases, penalties, masks and scores of a small random model, against the formulas written down plainly.</summary>
public abstract class AdjustTests : IDisposable
{
    private static readonly int[] Prompt = [20, 5, 73, 52, 10, 48, 17, 5, 5];

    private readonly Checkpoint _checkpoint = new(22);
    private readonly NativeModel _model;

    protected AdjustTests(NativeBackend backend)
    {
        Backends.Require(backend);
        _model = _checkpoint.Open(backend);
    }

    public void Dispose()
    {
        _model.Dispose();
        _checkpoint.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Bias_MovesTheChoice_AndInfinityBans()
    {
        float[] logits = Logits(Prompt);
        int best = Array.IndexOf(logits, logits.Max());
        int second = Array.IndexOf(logits, logits.Where((_, id) => id != best).Max());
        Assert.Equal(best, Decode(default, [], [], 1)[0]);
        Assert.Equal(second, Decode(default, [best], [float.NegativeInfinity], 1)[0]);
        Assert.Equal(7, Decode(default, [7], [100f], 1)[0]);
    }

    [Theory]
    [InlineData(0.7f, 0f, 1f)]
    [InlineData(0f, 1.5f, 1f)]
    [InlineData(0f, 0f, 1.4f)]
    [InlineData(0f, 0f, 0.6f)]
    [InlineData(-0.4f, -0.9f, 1.2f)]
    [InlineData(2f, 2f, 1.05f)]
    public void Penalties_AreTheFormula_AlsoWhereTheLastTokenIsStillOnItsWay(float frequency, float presence, float repetition)
    {
        var adjust = new StepAdjust
        {
            FrequencyPenalty = frequency,
            PresencePenalty = presence,
            RepetitionPenalty = repetition,
        };
        List<int> expected = [];
        while (expected.Count < 24)
        {
            float[] logits = Logits([.. Prompt, .. expected]);
            foreach (int token in Prompt.Concat(expected).Distinct())
            {
                int count = expected.Count(id => id == token);
                logits[token] *= logits[token] > 0 ? 1 / repetition : repetition;
                logits[token] -= (count * frequency) + (count > 0 ? presence : 0);
            }

            expected.Add(Array.IndexOf(logits, logits.Max()));
        }

        Assert.Equal(expected, Decode(adjust, [], [], 24));
        Assert.Equal(expected, DecodeOverlapped(adjust, 24));
    }

    [Fact]
    public void Mask_LetsOnlyItsTokensThrough_AndAllBannedIsNoMask()
    {
        float[] logits = Logits(Prompt);
        int[] allowed = [3, 31, 32, 64, 95];
        var mask = new uint[3];
        foreach (int id in allowed)
            mask[id / 32] |= 1u << (id % 32);
        Assert.Equal(allowed.MaxBy(id => logits[id]), Masked(mask));
        Assert.Equal(Array.IndexOf(logits, logits.Max()), Masked(new uint[3]));
    }

    [Fact]
    public void Scores_AreTheLogSoftmaxOfTheUnchangedLogits_InAnyChunks()
    {
        var all = new float[Prompt.Length * _model.Info.VocabSize];
        int slot = _model.OpenSlot();
        _model.Logits(slot, 0, Prompt, all: true, all);
        _model.CloseSlot(slot);
        foreach (int chunk in (int[])[1, 2, 4, 9])
        {
            List<float> scores = Score(chunk, out List<TokenLogprob> top);
            Assert.Equal(Prompt.Length - 1, scores.Count);
            for (int i = 0; i < scores.Count; i++)
            {
                double[] logits = [.. all.Skip(i * _model.Info.VocabSize).Take(_model.Info.VocabSize).Select(x => (double)x)];
                double norm = Math.Log(logits.Sum(Math.Exp));
                Assert.Equal(logits[Prompt[i + 1]] - norm, scores[i], 1e-4);
                Assert.Equal(Array.IndexOf(logits, logits.Max()), top[3 * i].Token);
                Assert.Equal(logits.Max() - norm, top[3 * i].Logprob, 1e-4);
                Assert.True(top[3 * i].Logprob >= top[(3 * i) + 1].Logprob);
            }
        }
    }

    [Fact]
    public void Scores_OfManyPositions_AreThoseOfFew()
    {
        int[] tokens = [.. Enumerable.Range(0, 70).Select(i => i * 37 % Checkpoint.Vocabulary)];
        Assert.Equal(Score(tokens, 1, out _), Score(tokens, 70, out _));
    }

    [Fact]
    public void Neighbour_OfAnAdjustedRow_IsNotTouched()
    {
        int plain = _model.OpenSlot(), other = _model.OpenSlot();
        StepRow Row(int slot) => new() { Slot = slot, Count = Prompt.Length, Sample = 3, TopP = 1 };
        var adjust = new StepAdjust { Row = 1, BiasCount = 1, ScoreFirst = 1, ScoreCount = 2 };
        _model.BeginStep(
            [Row(plain), Row(other)], [.. Prompt, .. Prompt],
            new StepAdjusts { Rows = [adjust], Ids = [7, 5, 73], Values = [100f] });
        var next = new int[2];
        _model.EndStep(next);
        float[] logits = Logits(Prompt);
        Assert.Equal([Array.IndexOf(logits, logits.Max()), 7], next);
        var top = new TokenLogprob[3];
        _model.Logprobs(1, top);
        Assert.Equal(next[0], top[0].Token); // Raw: the bias does not show.
        _model.CloseSlot(plain);
        _model.CloseSlot(other);
    }

    [Fact]
    public void Nonsense_IsRefused_AndTheSlotIsAsBefore()
    {
        int slot = _model.OpenSlot();
        StepRow[] row = [new() { Slot = slot, Count = 1, Sample = 1, TopP = 1 }];
        StepAdjust[] wrong =
        [
            new() { Row = 1 }, new() { Row = -1 }, new() { BiasCount = 2 }, new() { BiasFirst = -1 }, new() { SeenCount = 3 },
            new() { SeenPrompt = 1 }, new() { ScoreCount = 2 }, new() { MaskFirst = 0 }, new() { RepetitionPenalty = 0 },
            new() { FrequencyPenalty = float.NaN }, new() { BiasFirst = int.MaxValue, BiasCount = 1 }, new() { ScoreTop = -1 },
        ];
        foreach (StepAdjust adjust in wrong)
        {
            Assert.Throws<ModelException>(() => _model.BeginStep(
                row, [3], new StepAdjusts { Rows = [adjust], Ids = [1, 2], Values = [1f], Mask = [0, 0] }));
        }

        Assert.Throws<ModelException>(() => _model.BeginStep(
            row, [3], new StepAdjusts { Rows = [new()], Ids = [Checkpoint.Vocabulary] }));
        Assert.Throws<ModelException>(() => _model.BeginStep(
            row, [3], new StepAdjusts { Rows = [new()], Ids = [1], Values = [float.NaN] }));
        Assert.Equal(0, _model.SlotLength(slot));
    }

    private int Masked(uint[] mask)
    {
        int slot = _model.OpenSlot();
        _model.BeginStep(
            [new StepRow { Slot = slot, Count = Prompt.Length, Sample = 1, TopP = 1 }], Prompt,
            new StepAdjusts { Rows = [new() { MaskFirst = 0 }], Mask = mask });
        var next = new int[1];
        _model.EndStep(next);
        _model.CloseSlot(slot);
        return next[0];
    }

    private List<float> Score(int chunk, out List<TokenLogprob> top) => Score(Prompt, chunk, out top);

    private List<float> Score(int[] tokens, int chunk, out List<TokenLogprob> top)
    {
        int slot = _model.OpenSlot();
        List<float> scores = [];
        top = [];
        for (int first = 0; first < tokens.Length; first += chunk)
        {
            int[] part = tokens[first..Math.Min(tokens.Length, first + chunk)];
            int[] targets = tokens[(first + 1)..Math.Min(tokens.Length, first + chunk + 1)];
            if (targets.Length == 0)
                break;
            _model.BeginStep(
                [new StepRow { Slot = slot, First = first, Count = part.Length, TopP = 1 }], part,
                new StepAdjusts { Rows = [new() { ScoreCount = targets.Length, ScoreTop = 3 }], Ids = targets });
            _model.EndStep(new int[1]);
            var values = new float[targets.Length];
            var best = new TokenLogprob[targets.Length * 3];
            _model.Scores(0, values, best);
            scores.AddRange(values);
            top.AddRange(best);
        }

        _model.CloseSlot(slot);
        return scores;
    }

    private List<int> Decode(StepAdjust adjust, int[] ids, float[] values, int count)
    {
        int slot = _model.OpenSlot();
        List<int> answer = [];
        while (answer.Count < count)
        {
            int[] seen = [.. Prompt, .. answer];
            int first = answer.Count == 0 ? 0 : seen.Length - 1;
            Begin(slot, first, seen[first..], adjust, ids, values, seen);
            answer.Add(End());
        }

        _model.CloseSlot(slot);
        return answer;
    }

    // Each step but the first is queued before the last one's token is known.
    private List<int> DecodeOverlapped(StepAdjust adjust, int count)
    {
        int slot = _model.OpenSlot();
        List<int> answer = [];
        Begin(slot, 0, Prompt, adjust, [], [], Prompt);
        for (int i = 1; i < count; i++)
        {
            Begin(slot, Prompt.Length + i - 1, [StepRow.LastToken], adjust, [], [], [.. Prompt, .. answer]);
            answer.Add(End());
        }

        answer.Add(End());
        _model.CloseSlot(slot);
        return answer;
    }

    private void Begin(int slot, int first, int[] tokens, StepAdjust adjust, int[] ids, float[] values, int[] seen)
    {
        adjust.MaskFirst = -1;
        adjust.BiasCount = values.Length;
        adjust.SeenFirst = ids.Length;
        adjust.SeenCount = seen.Length;
        adjust.SeenPrompt = Prompt.Length;
        if (adjust.RepetitionPenalty == 0)
            adjust.RepetitionPenalty = 1;
        _model.BeginStep(
            [new StepRow { Slot = slot, First = first, Count = tokens.Length, Sample = 1, TopP = 1 }], tokens,
            new StepAdjusts { Rows = [adjust], Ids = [.. ids, .. seen], Values = values });
    }

    private int End()
    {
        var next = new int[1];
        _model.EndStep(next);
        return next[0];
    }

    private float[] Logits(int[] tokens)
    {
        int slot = _model.OpenSlot();
        var logits = new float[_model.Info.VocabSize];
        _model.Logits(slot, 0, tokens, all: false, logits);
        _model.CloseSlot(slot);
        return logits;
    }
}
