using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

public sealed class HubDownloadTests
{
    public static readonly TheoryData<int> EveryFivePercent = [.. Enumerable.Range(0, 20).Select(i => i * 5)];

    [Fact]
    public async Task Pull_FetchesWhatIsNeededAndNoMore()
    {
        await using var scene = new HubScene();
        using HubClient client = scene.Client(token: "hf_secret");
        var reports = new List<PullProgress>();
        string snapshot = await client.PullAsync(scene.Name, "main", new ListProgress(reports), default);
        scene.AssertComplete(snapshot);
        Assert.Equal(HubScene.WeightBytes, scene.Hub.BodyBytes);
        Assert.All(scene.Hub.Requests.Where(r => r.Server == "hub"),
            r => Assert.Equal("Bearer hf_secret", r.Header("Authorization")));
        Assert.All(scene.Hub.Requests.Where(r => r.Server == "storage"), r => Assert.Null(r.Header("Authorization")));
        Assert.All(scene.Hub.Requests, r => Assert.Equal("identity", r.Header("Accept-Encoding")));
        Assert.Equal(reports[^1].TotalBytes, reports[^1].Bytes);
        Assert.Equal(3, reports[^1].Files);
        Assert.True(reports.Zip(reports.Skip(1)).All(p => p.First.Bytes <= p.Second.Bytes));
        Assert.Equal("../../blobs/" + scene.Weights.Hash,
            new FileInfo(Path.Combine(snapshot, "model.safetensors")).LinkTarget);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Folders_AreForTheOwnerAlone()
    {
        await using var scene = new HubScene();
        await scene.PullAsync();
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string[] folders = Directory.GetDirectories(scene.Cache, "*", SearchOption.AllDirectories);
        Assert.True(folders.Length >= 5);
        Assert.All([scene.Cache, .. folders], f => Assert.Equal(ownerOnly, File.GetUnixFileMode(f)));
        Assert.All(Directory.GetFiles(scene.Blobs),
            f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Fact]
    public async Task SecondPull_FetchesNothing()
    {
        await using var scene = new HubScene();
        await scene.PullAsync();
        scene.AssertComplete(await scene.PullAsync());
        Assert.Equal(HubScene.WeightBytes, scene.Hub.BodyBytes);
    }

    [Fact]
    public async Task Ensure_DownloadsOnceAndThenAsksNobody()
    {
        await using var scene = new HubScene();
        using HubClient client = scene.Client();
        scene.AssertComplete(await client.EnsureAsync("org/model", null, default));
        int requests = scene.Hub.Requests.Length;
        scene.AssertComplete(await client.EnsureAsync("org/model", null, default));
        Assert.Equal(requests, scene.Hub.Requests.Length);
    }

    [Theory]
    [MemberData(nameof(EveryFivePercent))]
    public async Task CutConnection_GoesOnWhereItWas(int percent)
    {
        await using var scene = new HubScene();
        scene.Hub.Cuts.Add(HubScene.WeightBytes * percent / 100);
        scene.AssertComplete(await scene.PullAsync());
        Assert.Empty(scene.Hub.Cuts);
        Assert.Equal(HubScene.WeightBytes, scene.Hub.BodyBytes);
    }

    [Fact]
    public async Task CutsAtEveryPercent_CostNothing()
    {
        await using var scene = new HubScene();
        for (int i = 0; i < 100; i++)
            scene.Hub.Cuts.Add(HubScene.WeightBytes * i / 100 + 17);
        scene.AssertComplete(await scene.PullAsync());
        Assert.Equal(HubScene.WeightBytes, scene.Hub.BodyBytes);
    }

    [Theory]
    [MemberData(nameof(EveryFivePercent))]
    public async Task NextRun_FetchesLessThanOneChunkAgain(int percent)
    {
        await using var scene = new HubScene();
        bool dead = false;
        scene.Hub.Cuts.Add(HubScene.WeightBytes * percent / 100);
        scene.Hub.Cut = () => dead = true;
        scene.Hub.Override = _ => dead ? FakeReply.Text("maintenance", 503) : null;
        await scene.FailAsync(HubProblem.Network);
        dead = false;
        scene.AssertComplete(await scene.PullAsync());
        Assert.InRange(scene.Hub.BodyBytes - HubScene.WeightBytes, 0, HubScene.ChunkBytes - 1);
    }

    [Fact]
    public async Task Cancellation_KeepsWhatArrived()
    {
        await using var scene = new HubScene();
        using var cancel = new CancellationTokenSource();
        scene.Hub.Cuts.Add(HubScene.WeightBytes / 2);
        scene.Hub.Cut = cancel.Cancel;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.PullAsync(null, cancel.Token));
        scene.AssertNothingVisible();
        string partial = Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete");
        Assert.InRange(new FileInfo(partial).Length, HubScene.WeightBytes / 2 - HubScene.ChunkBytes,
            HubScene.WeightBytes / 2 + HubScene.ChunkBytes);
        scene.AssertComplete(await scene.PullAsync());
        // The server may have sent what the client did not wait for: a chunk in flight on either side of the cut.
        Assert.InRange(scene.Hub.BodyBytes - HubScene.WeightBytes, 0, HubScene.ChunkBytes);
    }

    [Fact]
    public async Task HalfAPiece_IsOnTheDiskBeforeTheRest()
    {
        await using var scene = new HubScene();
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Settings = scene.Settings with
        {
            OpenBlob = f => ((FileStream)f).Name.Contains(scene.Weights.Hash, StringComparison.Ordinal)
                ? new FailingStream(f, long.MaxValue, 0, () => written.TrySetResult()) : f,
        };
        scene.Hub.Hangs = 4;
        using var cancel = new CancellationTokenSource();
        Task<string> pull = scene.PullAsync(null, cancel.Token);
        await written.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
    }

    [Fact]
    public async Task PartialFile_IsAlwaysATrueBeginning()
    {
        await using var scene = new HubScene();
        bool dead = false;
        scene.Hub.Cuts.Add(HubScene.WeightBytes / 3);
        scene.Hub.Cut = () => dead = true;
        scene.Hub.Override = _ => dead ? FakeReply.Text("maintenance", 503) : null;
        await scene.FailAsync(HubProblem.Network);
        byte[] partial = File.ReadAllBytes(Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete"));
        Assert.NotEmpty(partial);
        Assert.Equal(scene.Weights.Content[..partial.Length], partial);
    }

    [Fact]
    public async Task PartialFileOfAnotherTool_IsContinuedOrThrownAway()
    {
        foreach (bool good in (bool[])[true, false])
        {
            await using var scene = new HubScene();
            Directory.CreateDirectory(scene.Blobs);
            byte[] begun = scene.Weights.Content[..150_000];
            if (!good)
                begun[7] ^= 1;
            File.WriteAllBytes(Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete"), begun);
            scene.AssertComplete(await scene.PullAsync());
            Assert.Equal(good ? 250_000 : 650_000, scene.Hub.BodyBytes);
        }
    }

    [Fact]
    public async Task PartialFileThatIsTooLong_IsThrownAway()
    {
        await using var scene = new HubScene();
        Directory.CreateDirectory(scene.Blobs);
        string partial = Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete");
        File.WriteAllBytes(partial, new byte[HubScene.WeightBytes + 1]);
        scene.AssertComplete(await scene.PullAsync());
    }

    [Fact]
    public async Task ServerWithoutRanges_StillWorks()
    {
        await using var scene = new HubScene();
        scene.Hub.Ranges = false;
        scene.Hub.Cuts.Add(HubScene.WeightBytes / 2);
        scene.AssertComplete(await scene.PullAsync());
    }

    [Fact]
    public async Task TwoDownloads_ShareTheWork()
    {
        await using var scene = new HubScene();
        string[] snapshots = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => scene.PullAsync()));
        Assert.Single(snapshots.Distinct());
        scene.AssertComplete(snapshots[0]);
        Assert.Equal(HubScene.WeightBytes, scene.Hub.BodyBytes);
    }

    [Fact]
    public async Task ExpiredLocation_IsAskedForAgain()
    {
        await using var scene = new HubScene();
        int refusals = 3;
        scene.Hub.Override = r => r.Server == "storage" && refusals-- > 0 ? FakeReply.Text("expired", 403) : null;
        scene.AssertComplete(await scene.PullAsync());
    }

    [Fact]
    public async Task BusyHub_IsAskedAgain()
    {
        await using var scene = new HubScene();
        int seen = 0;
        scene.Hub.Override = _ => ++seen % 3 != 0 ? null : FakeReply.Text("slow down", seen % 2 == 0 ? 429 : 503)
            .With("Retry-After", "0");
        scene.AssertComplete(await scene.PullAsync());
    }

    [Fact]
    public async Task SilentServer_IsLeft()
    {
        await using var scene = new HubScene();
        scene.Settings = scene.Settings with { StallTimeout = TimeSpan.FromMilliseconds(250), AttemptsMax = 50 };
        scene.Hub.Hangs = 3;
        scene.AssertComplete(await scene.PullAsync());
        Assert.Equal(0, scene.Hub.Hangs);
    }

    [Fact]
    public async Task RenamedRepository_IsFollowed()
    {
        await using var scene = new HubScene();
        scene.Hub.Override = r => r.Path.StartsWith("/api/models/org/model/", StringComparison.Ordinal)
            && !r.Path.Contains("again", StringComparison.Ordinal)
            ? FakeReply.Redirect("/api/models/org/model/revision/again?blobs=true", 307)
            : r.Path.Contains("again", StringComparison.Ordinal) ? FakeReply.Text(scene.Hub.Listing()) : null;
        scene.AssertComplete(await scene.PullAsync());
    }

    private sealed class ListProgress(List<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => reports.Add(value);
    }
}
