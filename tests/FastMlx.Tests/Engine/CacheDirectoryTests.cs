using FastMlx.Engine;
using FastMlx.Engine.Disk;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

/// <summary>The disk tier on a real folder, through the engine's own threads.</summary>
public sealed class CacheDirectoryTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "fastmlx-test-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Cache_SurvivesARestartOfTheEngine_AndIsReportedVerifiedAndCleared()
    {
        var request = EngineLoopTests.Request(Bench.Tokens(1, 900), 20);
        await using (var engine = await OpenAsync())
        {
            await EngineLoopTests.RunAsync(engine, request);
        }

        var cache = new CacheDirectory(_folder);
        Assert.Single(cache.Report().Models);
        Assert.Equal(919, cache.Report().Models[0].Tokens);
        Assert.Empty(cache.Verify().Damaged);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
            Assert.All(Directory.GetFiles(_folder), path =>
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
        }

        await using (var engine = await OpenAsync())
        {
            var (tokens, generation) = await EngineLoopTests.RunAsync(engine, request);
            Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
            Assert.Equal(899, generation.Stats.ReusedTokens);
            await engine.DisposeAsync();
            Assert.True(engine.Health.DiskRestored > 0);
        }

        var file = Directory.GetFiles(_folder, "*.kv")[0];
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^5] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        Assert.Single(cache.Verify().Damaged);
        Assert.Equal(Directory.GetFiles(_folder, "*.kv").Length, cache.Clear());
        Assert.Equal(0, cache.Report().Files);
    }

    [Fact]
    public async Task Cache_OfAnotherServer_IsReadAndLeftAlone()
    {
        var request = EngineLoopTests.Request(Bench.Tokens(1, 900), 20);
        await using (var before = await OpenAsync())
        {
            await EngineLoopTests.RunAsync(before, request);
        }

        await using var owner = await OpenAsync(); // It answers nothing, so it writes nothing.
        var halfWritten = Path.Combine(_folder, "1-1.tmp");
        await File.WriteAllBytesAsync(halfWritten, [1]);
        var names = Directory.GetFiles(_folder).Order(StringComparer.Ordinal).ToArray();
        await using (var guest = await OpenAsync())
        {
            var (_, generation) = await EngineLoopTests.RunAsync(guest, request);
            Assert.Equal(899, generation.Stats.ReusedTokens);
            await EngineLoopTests.RunAsync(guest, EngineLoopTests.Request(Bench.Tokens(3, 900), 20));
        }

        Assert.Equal(names, Directory.GetFiles(_folder).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Cache_EveryNewFile_IsFollowedByASyncOfItsFolder()
    {
        var syncs = 0;
        var unsynced = new List<string>();
        var seen = new HashSet<string>();
        await using (var engine = await OpenAsync(folder =>
        {
            Assert.Equal(_folder, folder);
            var added = Directory.GetFiles(folder, "*.kv").Count(seen.Add);
            syncs += added;
            if (added != 1)
            {
                unsynced.Add(string.Join(' ', Directory.GetFiles(folder)));
            }
        }))
        {
            await EngineLoopTests.RunAsync(engine, EngineLoopTests.Request(Bench.Tokens(1, 5000), 20));
        }

        Assert.Empty(unsynced);
        Assert.Equal(Directory.GetFiles(_folder, "*.kv").Length, syncs);
        Assert.True(syncs >= 3);
    }

    [Fact]
    public async Task Cache_AFolderThatCannotBe_LeavesTheEngineWithoutOne()
    {
        await File.WriteAllTextAsync(_folder, "in the way");
        try
        {
            await using var engine = await OpenAsync();
            var request = EngineLoopTests.Request(Bench.Tokens(1, 50), 5);
            var (tokens, _) = await EngineLoopTests.RunAsync(engine, request);
            Assert.Equal(Cold.Answer(request, engine.ContextLength).Tokens, tokens);
            await engine.DisposeAsync();
            Assert.True(engine.Health.DiskIsOff);
        }
        finally
        {
            File.Delete(_folder);
        }
    }

    [Fact]
    public void Report_OfNoFolder_IsEmpty()
    {
        var cache = new CacheDirectory(_folder);
        Assert.Equal(0, cache.Report().Files);
        Assert.Equal(0, cache.Clear());
        Assert.False(Directory.Exists(_folder));
    }

    private Task<EngineLoop> OpenAsync(Action<string>? syncFolder = null) =>
        EngineLoopTests.OpenAsync(
            new HashModelOptions { CanSaveRows = true, ContextMax = 10_000 },
            new EngineOptions
            {
                DiskCache = new DiskCacheOptions { Folder = _folder, Fingerprint = "test", SyncFolder = syncFolder },
            });
}
