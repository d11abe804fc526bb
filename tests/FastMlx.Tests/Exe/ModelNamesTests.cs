using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Exe;

public sealed class ModelNamesTests
{
    private static readonly (string, string)[] Aliases = [("haiku", "org/Small-4bit"), ("fast", "Small-4bit")];

    private static ModelNames Two(bool strict = false) =>
        new(["org/Big-8bit", "org/Small-4bit"], "claude-4-sonnet-20250514", Aliases, strict);

    [Theory]
    [InlineData("org/Big-8bit", 0)]
    [InlineData("org/small-4BIT", 1)]
    [InlineData("Small-4bit", 1)]
    [InlineData("local-claude/Small-4bit", 1)]
    [InlineData("claude-4-sonnet-20250514", 0)]
    [InlineData("haiku", 1)]
    [InlineData("claude-haiku-4-5-20251001", 1)]
    [InlineData("claude-3-5-haiku-latest[1m]", 1)]
    [InlineData("fast", 1)]
    [InlineData("opus", 0)]
    [InlineData("sonnet[1m]", 0)]
    [InlineData("claude-opus-4-1", 0)]
    [InlineData("anthropic/whatever", 0)]
    [InlineData("oct-invalid-model", -1)]
    [InlineData("gpt-4o", -1)]
    [InlineData("", -1)]
    [InlineData("../etc/passwd", -1)]
    public void Name_MeansAModel(string requested, int index) => Assert.Equal(index, Two().Find(requested));

    [Fact]
    public void OneModel_AnswersEveryName_UnlessStrict()
    {
        Assert.Equal(0, new ModelNames(["a"], "api", [], isStrict: false).Find("oct-invalid-model"));
        var strict = new ModelNames(["a"], "api", [], isStrict: true);
        Assert.Equal(-1, strict.Find("oct-invalid-model"));
        Assert.Equal(0, strict.Find("claude-sonnet-5"));
        Assert.Equal(0, strict.Find("api"));
    }

    [Fact]
    public void AliasToNowhere_StopsTheStart()
    {
        OptionsException error = Assert.Throws<OptionsException>(
            () => new ModelNames(["a", "b"], "api", [("haiku", "c")], isStrict: false));
        Assert.Contains("a, b", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_SharesTheMemoryWhereAllFit()
    {
        const long Gb = 1L << 30;
        var options = new ServerOptions { MemoryBytes = 24 * Gb };
        IReadOnlyList<ModelPlan> plans = MemoryPlan.Of(
            options, [new MemoryBill(8 * Gb, 1 << 16, 262_144), new MemoryBill(2 * Gb, 1 << 14, 32_768)]);
        Assert.True(plans.Sum(p => p.MemoryBytes) <= 24 * Gb);
        Assert.All(plans, p => Assert.True(p.MemoryBytes > p.WeightBytes + Gb));
        Assert.InRange(plans[0].ContextLength, 60_000, 90_000);
        Assert.Equal(32_768, plans[1].ContextLength);
    }

    [Fact]
    public void Plan_LetsThemTakeTurnsWhereTheyDoNotFit()
    {
        const long Gb = 1L << 30;
        var bills = new[] { new MemoryBill(14 * Gb, null, null), new MemoryBill(9 * Gb, null, 40_000) };
        IReadOnlyList<ModelPlan> plans = MemoryPlan.Of(new ServerOptions { MemoryBytes = 24 * Gb }, bills);
        Assert.All(plans, p => Assert.Equal(24 * Gb, p.MemoryBytes));
        Assert.Equal(40_000, plans[1].ContextLength);
        plans = MemoryPlan.Of(new ServerOptions { MemoryBytes = 24 * Gb, CacheBytes = Gb / 4 }, bills);
        Assert.True(plans.Sum(p => p.MemoryBytes) > 24 * Gb);
        Assert.Equal((9 * Gb) + (Gb / 2) + (Gb / 4), plans[1].MemoryBytes);
    }
}
