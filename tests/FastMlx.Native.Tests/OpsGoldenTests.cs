using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>MLX's own inputs and outputs of single operations, through the engine's operations.</summary>
public sealed partial class OpsGoldenTests
{
    private const int NoMlx = 77;

    [Theory]
    [InlineData("cpu")]
    [InlineData("mlx")]
    public void EveryOperation_EqualsMlx(string backend)
    {
        string corpus = Repository.Shared("corpora/mlx-ops-goldens.jsonl");
        string tool = Path.Combine(AppContext.BaseDirectory, "fastmlx_ops_goldens");
        using var process = Process.Start(new ProcessStartInfo(tool, [corpus, backend]) { RedirectStandardOutput = true })!;
        string report = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        Assert.SkipWhen(process.ExitCode == NoMlx, Backends.NoMlx);
        Assert.True(process.ExitCode == 0, report);
        Match counts = Counts().Match(report);
        Assert.Equal("202", counts.Groups["all"].Value);
        Assert.True(int.Parse(counts.Groups["passed"].Value) >= 200, report);
    }

    [GeneratedRegex(@"(?<passed>\d+) of (?<all>\d+) rows agree")]
    private static partial Regex Counts();
}
