using System.Diagnostics;
using FastMlx.Claude;
using FastMlx.Cli;
using FastMlx.Cli.Talk;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class ClaudeSettingsTests
{
    private static Dictionary<string, string> Variables(int context, bool lite = false, string model = "org/model", string? key = null) =>
        ClaudeSettings.Variables(ClaudeFactsOf.Server("http://127.0.0.1:1", Facts(model, context), null, key), lite)
            .ToDictionary(v => v.Name, v => v.Value);

    private static ServerFacts Facts(string model, int context) => new(
        model, new Dictionary<string, ModelFacts> { [model] = new(context, context - 1) }, new Dictionary<string, string>());

    [Fact]
    public void SeveralModels_GoToTheirFamilies_AndTheWindowIsTheWorkers()
    {
        var facts = new ServerFacts(
            "big",
            new Dictionary<string, ModelFacts>
            {
                ["big"] = new(100_000, 99_999),
                ["middle"] = new(50_000, 49_999),
                ["small"] = new(4_000, 3_999),
            },
            new Dictionary<string, string> { ["haiku"] = "small", ["sonnet"] = "middle", ["opus"] = "big" });
        Dictionary<string, string> variables = ClaudeSettings.Variables(
            ClaudeFactsOf.Server("http://127.0.0.1:1", facts, null, null), lite: false).ToDictionary(v => v.Name, v => v.Value);
        Assert.Equal("big", variables["ANTHROPIC_MODEL"]);
        Assert.Equal("small", variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"]);
        Assert.Equal("middle", variables["ANTHROPIC_DEFAULT_SONNET_MODEL"]);
        Assert.Equal("50000", variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"]);
        ClaudeFacts other = ClaudeFactsOf.Server("http://127.0.0.1:1", facts, "middle", null);
        Assert.Equal(("middle", "middle", "middle"), (other.Model, other.OpusModel, other.SonnetModel));
    }

    [Theory]
    [InlineData(131072, "32000")]
    [InlineData(65536, "16384")]
    [InlineData(32768, "8192")]
    [InlineData(16384, "8192")]
    [InlineData(8192, "4096")]
    [InlineData(2048, "1024")]
    public void Output_LeavesRoomForTheConversation(int context, string output)
    {
        Dictionary<string, string> variables = Variables(context);
        Assert.Equal(output, variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"]);
        Assert.Equal($"{context}", variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"]);
    }

    [Fact]
    public void EveryModelName_IsOurs_AndIsNotTakenForAnthropics()
    {
        Dictionary<string, string> variables = Variables(65536, model: "claude-like-9b");
        string[] names = [.. variables.Where(v => v.Key.EndsWith("_MODEL", StringComparison.Ordinal)).Select(v => v.Value)];
        Assert.Equal(5, names.Length);
        Assert.All(names, name => Assert.Equal("local-claude-like-9b", name));
    }

    [Fact]
    public void Remark_IsMadeOfWhatWouldSpoilIt()
    {
        Assert.Contains("delete it", ClaudeSettings.Remark("CLAUDE_CODE_USE_BEDROCK"), StringComparison.Ordinal);
        Assert.Contains("--lite", ClaudeSettings.Remark("CLAUDE_CODE_EFFORT_LEVEL"), StringComparison.Ordinal);
        Assert.Null(ClaudeSettings.Remark("EDITOR"));
    }

    [Fact]
    public void Token_IsTheKey_OrAnyWord()
    {
        Assert.Equal("local", Variables(4096)["ANTHROPIC_AUTH_TOKEN"]);
        Assert.Equal("s3cret", Variables(4096, key: "s3cret")["ANTHROPIC_AUTH_TOKEN"]);
        Assert.DoesNotContain("ANTHROPIC_API_KEY", Variables(4096).Keys);
    }

    [Fact]
    public void Lite_AddsAndChangesNothingElse()
    {
        Dictionary<string, string> full = Variables(4096), lite = Variables(4096, lite: true);
        Assert.All(full, v => Assert.Equal(v.Value, lite[v.Key]));
        Assert.Equal("1", lite["CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT"]);
        Assert.Equal(["--tools", "Bash,Edit,Read,Write", "-p", "x"], LaunchVerb.WithLiteTools(["-p", "x"]));
        Assert.Equal(["--tools=Read"], LaunchVerb.WithLiteTools(["--tools=Read"]));
    }

    [Fact]
    public async Task ShellText_IsOnlyEverAValue()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no sh");
        const string Value = "it's $(touch x) `y` \\ \"z\"\nnew line";
        string script = ShellText.Of("sh", [("A_VALUE", Value)]) + "printf %s \"$A_VALUE\"\n";
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true })!;
        Assert.Equal(Value, await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void ShellText_QuotesForFishAndPowerShell()
    {
        Assert.Contains("set -gx A 'it\\'s \\\\'", ShellText.Of("fish", [("A", "it's \\")]));
        Assert.Contains("$env:A = 'it''s’’'", ShellText.Of("powershell", [("A", "it's’")]));
    }

    [Theory]
    [InlineData("0.0.0.0", "http://127.0.0.1:5")]
    [InlineData("localhost", "http://127.0.0.1:5")]
    [InlineData("::", "http://[::1]:5")]
    [InlineData("fe80::1", "http://[fe80::1]:5")]
    [InlineData("10.0.0.7", "http://10.0.0.7:5")]
    public void Address_IsWhereThisMachineReachesTheServer(string host, string url) =>
        Assert.Equal(url, ServerAddress.Of(host, 5));
}
