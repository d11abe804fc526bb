using System.CommandLine;
using System.Text.Json;
using FastMlx.Cli;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

public sealed class HubVerbTests
{
    [Fact]
    public async Task PullListVerifyInspectRm_InTurn()
    {
        await using var scene = new HubScene();
        (int code, string output, string error) = await RunAsync(scene, "pull", "org/model");
        Assert.Equal(0, code);
        Assert.Contains("org/model is here", output, StringComparison.Ordinal);
        Assert.Contains("100 % of 400 kB", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', error);

        (code, output, _) = await RunAsync(scene, "list");
        Assert.Equal(0, code);
        Assert.Contains("org/model", output, StringComparison.Ordinal);
        Assert.DoesNotContain("incomplete", output, StringComparison.Ordinal);

        (code, output, _) = await RunAsync(scene, "verify", "org/model");
        Assert.Equal(0, code);
        Assert.Contains("ok   model.safetensors (400 kB, checksum)", output, StringComparison.Ordinal);
        Assert.Contains("in order", output, StringComparison.Ordinal);

        (code, output, _) = await RunAsync(scene, "inspect", "org/model");
        Assert.Equal(0, code);
        Assert.Contains("llama", output, StringComparison.Ordinal);
        Assert.Contains("tools          of another room", output, StringComparison.Ordinal);

        (code, output, _) = await RunAsync(scene, "rm", "org/model");
        Assert.Equal(0, code);
        Assert.Contains("Removed org/model", output, StringComparison.Ordinal);
        (code, output, _) = await RunAsync(scene, "list");
        Assert.Contains("No models", output, StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Json_IsOneObjectOnStandardOutput()
    {
        await using var scene = new HubScene();
        string[][] verbs =
        [
            ["pull", "org/model"], ["list"], ["verify", "org/model"], ["inspect", "org/model"], ["rm", "org/model"],
        ];
        foreach (string[] verb in verbs)
        {
            (int code, string output, _) = await RunAsync(scene, [.. verb, "--json"]);
            Assert.Equal(0, code);
            using JsonDocument document = JsonDocument.Parse(output);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
            Assert.False(document.RootElement.TryGetProperty("error", out _));
        }
    }

    [Theory]
    [InlineData(ExitCode.NotFound, "NotFound", "pull", "org/other")]
    [InlineData(ExitCode.Usage, "BadName", "pull", "../x")]
    [InlineData(ExitCode.NotFound, "NotInCache", "verify", "org/other")]
    [InlineData(ExitCode.NotFound, "NotInCache", "inspect", "org/other")]
    [InlineData(ExitCode.NotFound, "NotInCache", "rm", "org/other")]
    public async Task Failure_HasItsExitCodeAndOneSentence(int expected, string kind, string verb, string name)
    {
        await using var scene = new HubScene();
        (int code, string output, string error) = await RunAsync(scene, verb, name, "--json");
        Assert.Equal(expected, code);
        Assert.StartsWith("fastmlx: ", error, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal(kind, document.RootElement.GetProperty("error").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Verify_FindsAChangedByteAndADamagedHeader()
    {
        await using var scene = new HubScene();
        await scene.PullAsync();
        string blob = Path.Combine(scene.Blobs, scene.Weights.Hash);
        foreach (int at in (int[])[HubScene.WeightBytes - 5, 9])
        {
            byte[] damaged = [.. scene.Weights.Content];
            damaged[at] ^= 1;
            File.WriteAllBytes(blob, damaged);
            (int code, string output, _) = await RunAsync(scene, "verify", "org/model");
            Assert.Equal(ExitCode.Damaged, code);
            Assert.Contains("BAD  model.safetensors", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Rm_ReadsAllNamesFirst()
    {
        await using var scene = new HubScene();
        await scene.PullAsync();
        (int code, _, _) = await RunAsync(scene, "rm", "org/model", "a/../b");
        Assert.Equal(ExitCode.Usage, code);
        Assert.Single(new ModelStore(scene.Cache).List());
    }

    [Fact]
    public async Task Interruption_Is130()
    {
        await using var scene = new HubScene();
        using var cancel = new CancellationTokenSource();
        scene.Hub.Cuts.Add(HubScene.WeightBytes / 2);
        scene.Hub.Cut = cancel.Cancel;
        (int code, _, string error) = await RunAsync(scene, cancel.Token, "pull", "org/model");
        Assert.Equal(ExitCode.Cancelled, code);
        Assert.Contains("go on", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_ListsTheExitCodes()
    {
        foreach (Command verb in (Command[])
            [PullVerb.Create(), ListVerb.Create(), RmVerb.Create(), VerifyVerb.Create(), InspectVerb.Create()])
        {
            var output = new StringWriter();
            var root = new RootCommand("test");
            root.Subcommands.Add(verb);
            root.Parse([verb.Name, "--help"]).Invoke(new InvocationConfiguration { Output = output });
            Assert.Contains("Exit codes", output.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Progress_DrawsOneLineOnATerminal()
    {
        var output = new StringWriter();
        var reporter = new PullReporter(output, isTerminal: true, columns: 60);
        reporter.Report(new PullProgress(250, 1000, 0, 2, 100, "a"));
        reporter.Report(new PullProgress(1000, 1000, 2, 2, 100, "b"));
        reporter.End();
        string[] lines = output.ToString().Split('\r');
        Assert.Equal("", lines[0]);
        Assert.StartsWith("[######..................]  25 % of 1.0 kB", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("[########################] 100 %", lines[2], StringComparison.Ordinal);
        Assert.All(lines, l => Assert.True(l.TrimEnd('\n').Length < 60));
    }

    [Fact]
    public void Inspect_KnowsTheKindsOfLayers()
    {
        string? models = SharedFiles.Find("corpora/tiny-models");
        Assert.SkipWhen(models is null, "0 of 1 tiny model: ../shared is absent");
        ModelFolder model = ModelFolder.OpenWeights(Path.Combine(models, "qwen3h128-bf16-mixed-per-layer"));
        IReadOnlyList<WeightGroup> groups = WeightGroups.Of(model);
        Assert.Equal(["embedding", "attention", "mlp", "norms"], groups.Select(g => g.Kind));
        Assert.Equal("6 bits, groups of 64, affine", groups[0].Storage);
        Assert.Equal(96 * 128, groups[0].Parameters);
        Assert.Contains("8 bits, groups of 32, affine", groups[2].Storage, StringComparison.Ordinal);
        Assert.Contains("mxfp4", groups[1].Storage, StringComparison.Ordinal);
        Assert.Equal(model.WeightBytes, groups.Sum(g => g.Bytes));
    }

    [Theory]
    [InlineData("999 B", 999)]
    [InlineData("1.0 kB", 1000)]
    [InlineData("1.0 MB", 999_999)]
    [InlineData("123 MB", 123_400_000)]
    [InlineData("9.2 EB", long.MaxValue)]
    public void Sizes_AreForPeople(string text, long bytes) => Assert.Equal(text, ByteText.Of(bytes));

    private static Task<(int Code, string Output, string Error)> RunAsync(HubScene scene, params string[] args) =>
        RunAsync(scene, CancellationToken.None, args);

    private static async Task<(int Code, string Output, string Error)> RunAsync(HubScene scene,
        CancellationToken cancellationToken, params string[] args)
    {
        HubOptions Options() => new() { CacheDirectory = scene.Cache, Endpoint = scene.Hub.Endpoint };
        var root = new RootCommand("test");
        root.Subcommands.Add(PullVerb.Create(Options));
        root.Subcommands.Add(ListVerb.Create(Options));
        root.Subcommands.Add(RmVerb.Create(Options));
        root.Subcommands.Add(VerifyVerb.Create(Options));
        root.Subcommands.Add(InspectVerb.Create(Options, _ => [("tools", "of another room")]));
        var output = new StringWriter();
        var error = new StringWriter();
        int code = await root.Parse(args).InvokeAsync(
            new InvocationConfiguration { Output = output, Error = error }, cancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
