using FastMlx.Engine;
using FastMlx.Engine.Disk;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMlx.Tests.Engine;

public sealed class DiskTierTests
{
    public static TheoryData<bool, bool> Kinds => new() { { true, true }, { true, false }, { false, false }, { false, true } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disk_AfterARestart_APromptIsRestored(bool canTrim, bool rows)
    {
        var files = new MemoryFiles();
        var model = Model(canTrim, rows);
        var first = Start(files, model);
        var request = Request(Bench.Tokens(1, 5000), 50);
        var answer = first.Bench.Run(request).Tokens;
        SaveAll(first);
        var second = Start(files, model);
        var next = Request([.. request.Prompt, .. answer, .. Bench.Tokens(2, 40)], 50);
        var client = Run(second, next);
        Assert.Equal(5049, client.Stats.ReusedTokens);
        Assert.True(second.Disk.Restored > 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disk_AFollowUp_WritesOnlyWhatIsNew(bool canTrim, bool rows)
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(canTrim, rows));
        var request = Request(Bench.Tokens(1, 5000), 50);
        var answer = engine.Bench.Run(request).Tokens;
        SaveAll(engine);
        var before = files.Files.Values.Sum(file => (long)file.Length);
        engine.Bench.Run(Request([.. request.Prompt, .. answer, .. Bench.Tokens(2, 400)], 50));
        SaveAll(engine);
        var after = files.Files.Values.Sum(file => (long)file.Length);
        Assert.True(!rows || after - before < before / 5);
        SaveAll(engine);
        Assert.Equal(after, files.Files.Values.Sum(file => (long)file.Length));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disk_ACancelledPrefill_OutlivesARestart(bool canTrim, bool rows)
    {
        var files = new MemoryFiles();
        var first = Start(files, Model(canTrim, rows));
        var request = Request(Bench.Tokens(1, 10_000), 20);
        var client = first.Bench.Submit(request);
        while (client.Stats.PrefilledTokens < 4000)
        {
            first.Bench.Turn();
        }

        client.CancelRequested = true;
        first.Bench.Finish();
        SaveAll(first);
        var second = Start(files, Model(canTrim, rows));
        Assert.True(Run(second, request).Stats.ReusedTokens >= 4000);
    }

    [Fact]
    public void Disk_SharedPrefixes_AreStoredOnce()
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true));
        var prefix = Bench.Tokens(1, 4096);
        for (var i = 0; i < 5; i++)
        {
            engine.Bench.Run(Request([.. prefix, .. Bench.Tokens(i + 2, 300)], 10));
            SaveAll(engine);
        }

        Assert.InRange(files.Files.Values.Sum(file => (long)file.Length), 0, 12 * (4096 + (5 * 2400)) * 2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Disk_TheSameTokensBehindAnotherPrefix_AreNotTheSameState(int same)
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true));
        var prefix = Bench.Tokens(1, 2048);
        var tail = Bench.Tokens(9, 2048);
        engine.Bench.Run(Request([.. prefix, .. tail], 10));
        SaveAll(engine);
        var again = Start(files, Model(true, true));
        int[] other = [.. prefix[..same], prefix[same] + 1, .. prefix[(same + 1)..], .. tail];
        Assert.Equal(same, Run(again, Request(other, 10)).Stats.ReusedTokens);
        Assert.Equal(same == 0 ? 0 : 1, again.Disk.Restored); // Not what lies behind the difference.
    }

    [Fact]
    public void Disk_IsBounded_AndTheOldestGoesFirst()
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true), bytesMax: 200_000);
        for (var i = 0; i < 30; i++)
        {
            engine.Bench.Run(Request(Bench.Tokens(i, 1000), 10));
            SaveAll(engine);
            Assert.True(files.Files.Values.Sum(file => (long)file.Length) <= 200_000);
        }

        var again = Start(files, Model(true, true), bytesMax: 200_000);
        Assert.Equal(999, Run(again, Request(Bench.Tokens(29, 1000), 10)).Stats.ReusedTokens);
        Assert.Equal(0, Run(again, Request(Bench.Tokens(0, 1000), 10)).Stats.ReusedTokens);
    }

    [Fact]
    public void Disk_IsCollectedAtTheStart()
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true));
        for (var i = 0; i < 20; i++)
        {
            engine.Bench.Run(Request(Bench.Tokens(i, 1000), 10));
        }

        SaveAll(engine);
        files.Files["123-1.tmp"] = new byte[5000];
        files.Files["0000.kv"] = new byte[5000];
        files.Files["notes.txt"] = new byte[5000];
        var again = Start(files, Model(true, true), bytesMax: 100_000);
        Assert.True(again.Disk.Bytes <= 100_000);
        Assert.True(again.Disk.Chunks > 3);
        Assert.False(files.Files.ContainsKey("123-1.tmp"));
        Assert.False(files.Files.ContainsKey("0000.kv"));
        Assert.True(files.Files.ContainsKey("notes.txt"));
    }

    [Fact]
    public void Disk_OtherModelsAndPartitions_NeverMeet()
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true));
        var request = Request(Bench.Tokens(1, 1000), 10);
        engine.Bench.Run(request);
        SaveAll(engine);
        Assert.Equal(0, Run(Start(files, Model(true, true), fingerprint: "other"), request).Stats.ReusedTokens);
        Assert.Equal(0, Run(Start(files, Model(true, true)), request with { Partition = 9 }).Stats.ReusedTokens);
        Assert.Equal(999, Run(Start(files, Model(true, true)), request).Stats.ReusedTokens);
    }

    [Fact]
    public void Disk_Full_TurnsSavingOff_AndNothingElse()
    {
        var files = new MemoryFiles { Fails = operation => operation > 6 ? new IOException("no space left") : null };
        var engine = Start(files, Model(true, true));
        for (var i = 0; i < 10; i++)
        {
            engine.Bench.Run(Request(Bench.Tokens(i, 500), 10));
            SaveAll(engine);
        }

        Assert.True(engine.Disk.IsOff);
        Assert.False(engine.Disk.CanSave);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disk_AProcessKilledAtAnyOperation_LeavesWholeEntriesOrNone(bool canTrim, bool rows)
    {
        var request = Request(Bench.Tokens(1, 3000), 20) with { Checkpoints = [1000, 2000] };
        for (var dies = 1; dies < 30; dies++)
        {
            var files = new MemoryFiles { DiesAt = dies };
            try
            {
                var engine = Start(files, Model(canTrim, rows));
                engine.Bench.Run(request);
                SaveAll(engine);
            }
            catch (ProcessDiedException)
            {
                // As planned.
            }

            files.DiesAt = int.MaxValue;
            var again = Start(files, Model(canTrim, rows));
            Run(again, request);
            Assert.DoesNotContain(files.Files.Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disk_DamagedFiles_AreDroppedAndComputedAgain(bool canTrim, bool rows) => Damage(canTrim, rows, 40);

    [Fact(Explicit = true)]
    public void Disk_ThirteenThousandDamages()
    {
        Damage(true, true, 4000);
        Damage(true, false, 3000);
        Damage(false, false, 3000);
        Damage(false, true, 3000);
    }

    [Fact]
    public void Disk_EveryBitOfASmallFile_IsUnderAChecksum()
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(true, true));
        engine.Bench.Run(Request(Bench.Tokens(1, 30), 3));
        SaveAll(engine);
        var (name, bytes) = files.Files.Single();
        var chunks = new ChunkFiles(files);
        var header = chunks.ReadHeader(name)!;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            files.Files[name] = flipped;
            Assert.True(chunks.ReadHeader(name) is null || chunks.ReadPayload(name, header) is null, $"bit {bit}");
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            files.Files[name] = bytes[..length];
            Assert.Null(chunks.ReadHeader(name));
        }

        files.Files[name] = bytes;
        Assert.NotNull(chunks.ReadPayload(name, header));
    }

    private static void Damage(bool canTrim, bool rows, int times)
    {
        var files = new MemoryFiles();
        var engine = Start(files, Model(canTrim, rows));
        var request = Request(Bench.Tokens(1, 3000), 20) with { Checkpoints = [1000, 2000] };
        engine.Bench.Run(request);
        SaveAll(engine);
        var whole = files.Files.ToDictionary();
        for (var seed = 0; seed < times; seed++)
        {
            files.Files.Clear();
            foreach (var (name, file) in whole)
            {
                files.Files.Add(name, file);
            }

            files.Damage(new Random(seed));
            var again = Start(files, Model(canTrim, rows));
            Run(again, request);
        }
    }

    internal static HashModelOptions Model(bool canTrim, bool rows) =>
        new() { CanTrim = canTrim, CanSaveRows = rows, ContextMax = 20_000 };

    internal static (Bench Bench, DiskTier Disk) Start(
        MemoryFiles files, HashModelOptions model, long bytesMax = 1 << 30, string fingerprint = "test")
    {
        using var probe = new HashModel(model);
        var disk = new DiskTier(files, fingerprint, probe.Info, bytesMax, NullLogger.Instance);
        return (new Bench(model, disk: disk), disk);
    }

    internal static void SaveAll((Bench Bench, DiskTier Disk) engine)
    {
        do
        {
            while (engine.Disk.Worker.RunOne())
            {
            }
        }
        while (engine.Bench.Turn() || engine.Disk.IsBusy);
    }

    internal static SimulatedClient Run((Bench Bench, DiskTier Disk) engine, GenerationRequest request)
    {
        var client = engine.Bench.Submit(request);
        while (client.Ends == 0)
        {
            engine.Bench.Turn();
            engine.Disk.Worker.RunOne();
        }

        engine.Bench.Finish();
        engine.Bench.Expect(client);
        return client;
    }

    internal static GenerationRequest Request(int[] prompt, int maxTokens) =>
        new() { Prompt = prompt, MaxTokens = maxTokens };
}
