using System.Diagnostics;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>
/// kill -9 while the cache is being written. Explicit: 200 processes take minutes. Run it with
/// <c>--explicit only --filter-method FastMlx.Tests.Engine.KillTests.Cache_SurvivesKills</c>.
/// </summary>
public sealed class KillTests
{
    private const int Kills = 200;

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), "fastmlx-kill-test");

    private static string ReadyFile => Folder + ".ready";

    [Fact(Explicit = true)]
    public async Task Cache_SurvivesKills()
    {
        var random = new Random(1);
        var restored = 0L;
        var dropped = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            File.Delete(ReadyFile);
            using (var writer = Start())
            {
                await WaitForAsync(ReadyFile);
                await Task.Delay(random.Next(0, 150));
                writer.Kill();
                await writer.WaitForExitAsync();
            }

            dropped += new CacheDirectory(Folder).Verify().Damaged.Count;
            await using var engine = await OpenAsync();
            Assert.DoesNotContain(Directory.GetFiles(Folder), path => path.EndsWith(".tmp", StringComparison.Ordinal));
            Assert.Empty(new CacheDirectory(Folder).Verify().Damaged);
            for (var i = 0; i < 4; i++)
            {
                await CheckAsync(engine, random.Next(40));
            }

            restored += engine.Health.DiskRestored;
        }

        new CacheDirectory(Folder).Clear();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Kills} kills, {dropped} half-written files dropped, {restored} chunks restored, 0 wrong answers");
        Assert.True(restored > 0);
    }

    /// <summary>What the child process runs until it is killed.</summary>
    [Fact(Explicit = true)]
    public async Task Writer_RunsForEver()
    {
        await using var engine = await OpenAsync();
        var random = new Random(Environment.ProcessId);
        await CheckAsync(engine, random.Next(40));
        await File.WriteAllTextAsync(ReadyFile, "");
        for (var i = 0; i < 10_000; i++)
        {
            await CheckAsync(engine, random.Next(40));
        }
    }

    private static async Task CheckAsync(EngineLoop engine, int seed)
    {
        var request = EngineLoopTests.Request(Bench.Tokens(seed, 2000 + (seed * 50)), 5);
        var (tokens, _) = await EngineLoopTests.RunAsync(engine, request);
        Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
    }

    private static Task<EngineLoop> OpenAsync() => EngineLoopTests.OpenAsync(
        new HashModelOptions { CanSaveRows = true, ContextMax = 10_000, MaxSlots = 20 },
        new EngineOptions
        {
            MaxSlots = 20,
            DiskCache = new DiskCacheOptions { Folder = Folder, Fingerprint = "kill", BytesMax = 500_000 },
        });

    private static Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in (string[])
            ["--explicit", "only", "--filter-method", "FastMlx.Tests.Engine.KillTests.Writer_RunsForEver"])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static async Task WaitForAsync(string path)
    {
        for (var i = 0; i < 6000 && !File.Exists(path); i++)
        {
            await Task.Delay(50);
        }

        Assert.True(File.Exists(path), "the writer did not start");
    }
}
