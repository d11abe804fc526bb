using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>Sampling one token of a small random model: seeds, filters and shares.</summary>
public abstract class SamplerTests : IDisposable
{
    private const int Draws = 4000;
    private static readonly int[] Prompt = [20, 5, 73, 52, 10, 48, 17];

    private readonly Checkpoint _checkpoint = new(21);
    private readonly NativeModel _model;
    private readonly int _slot;
    private readonly double[] _scaled;

    protected SamplerTests(NativeBackend backend)
    {
        Backends.Require(backend);
        _model = _checkpoint.Open(backend);
        _slot = _model.OpenSlot();
        var logits = new float[_model.Info.VocabSize];
        _model.Logits(_slot, 0, Prompt, all: false, logits);
        _scaled = [.. logits.Select(value => (double)value)];
    }

    public void Dispose()
    {
        _model.Dispose();
        _checkpoint.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void SameSeed_SameToken_AndSeedsDiffer()
    {
        StepRow row = new() { Temperature = 1f, TopP = 1, Seed = 77 };
        int first = Draw(row);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(first, Draw(row)));
        Assert.True(Many(row, 200).Count > 20);
    }

    [Fact]
    public void Temperature_GivesTheSoftmaxShares() => AssertShares(new StepRow { Temperature = 1f, TopP = 1 });

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(40)]
    public void TopK_KeepsTheBest(int k) => AssertShares(new StepRow { Temperature = 1f, TopP = 1, TopK = k });

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.6f)]
    [InlineData(0.95f)]
    public void TopP_KeepsTheSmallestSetOfThatShare(float p) =>
        AssertShares(new StepRow { Temperature = 1f, TopP = p });

    [Theory]
    [InlineData(0.02f)]
    [InlineData(0.3f)]
    public void MinP_KeepsWhatIsNearTheBest(float p) =>
        AssertShares(new StepRow { Temperature = 1f, TopP = 1, MinP = p });

    [Fact]
    public void AllFilters_Together() =>
        AssertShares(new StepRow { Temperature = 1f, TopP = 0.8f, TopK = 30, MinP = 0.01f });

    [Fact]
    public void ZeroTemperature_IsTheBest() =>
        Assert.Equal(Array.IndexOf(_scaled, _scaled.Max()), Draw(new StepRow { TopP = 1, Seed = 3 }));

    // The filters written down plainly: sort, cut, renormalise.
    private Dictionary<int, double> Expected(StepRow row)
    {
        double best = _scaled.Max();
        List<(int Id, double Weight)> all = [.. _scaled
            .Select((value, id) => (Id: id, Weight: Math.Exp((value - best) / row.Temperature)))
            .OrderByDescending(entry => entry.Weight).ThenBy(entry => entry.Id)];
        if (row.TopK > 0)
            all = [.. all.Take(row.TopK)];
        double total = all.Sum(entry => entry.Weight), kept = 0;
        var chosen = new Dictionary<int, double>();
        foreach ((int id, double weight) in all)
        {
            if (chosen.Count > 0 && (kept >= row.TopP * total || weight < row.MinP))
                break;
            chosen[id] = weight;
            kept += weight;
        }

        return chosen.ToDictionary(entry => entry.Key, entry => entry.Value / kept);
    }

    private void AssertShares(StepRow row)
    {
        Dictionary<int, double> expected = Expected(row);
        Dictionary<int, int> seen = Many(row, Draws);
        Assert.All(seen.Keys, id => Assert.True(expected.ContainsKey(id), $"token {id} was filtered out"));
        double chi = 0, rest = 1;
        int cells = 0, counted = 0;
        foreach ((int id, double share) in expected.Where(entry => entry.Value * Draws >= 10))
        {
            int count = seen.GetValueOrDefault(id);
            chi += Math.Pow(count - (share * Draws), 2) / (share * Draws);
            rest -= share;
            counted += count;
            cells++;
        }

        if (rest * Draws >= 10)
            chi += Math.Pow(Draws - counted - (rest * Draws), 2) / (rest * Draws);
        // Six standard deviations of the chi-squared distribution; seeds are fixed, so this never flickers.
        Assert.True(chi <= cells + 1 + (6 * Math.Sqrt(2.0 * (cells + 1))), $"chi squared {chi} over {cells} tokens");
    }

    private Dictionary<int, int> Many(StepRow row, int draws)
    {
        var seen = new Dictionary<int, int>();
        for (int i = 0; i < draws; i++)
        {
            int id = Draw(row with { Seed = (ulong)i });
            seen[id] = seen.GetValueOrDefault(id) + 1;
        }

        return seen;
    }

    private int Draw(StepRow row)
    {
        Assert.True(_model.TryTrimSlot(_slot, Prompt.Length - 1));
        Span<int> next = stackalloc int[1];
        _model.BeginStep(
            [row with { Slot = _slot, First = Prompt.Length - 1, Count = 1, Sample = 1 }], [Prompt[^1]]);
        _model.EndStep(next);
        return next[0];
    }
}
