using System.Globalization;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

/// <summary>
/// A hub that lies, a network in the middle, a disk that fails: nothing becomes visible, nothing lands outside.
/// </summary>
public sealed class HubFaultTests
{
    public static readonly TheoryData<string> HostileFileNames =
    [
        "../evil.json", "../../evil.json", "a/../../evil.json", "/etc/evil.json", "..", ".", "", "a//b.json",
        "a/./b.json", "..\\\\evil.json", "C:evil.json", "c:\\\\evil.json", "evil\\u0000.json", "evil\\n.json",
        "model/../../../x.safetensors", "x/..", "\\u002e\\u002e/evil.json", "./config.json",
    ];

    public static readonly TheoryData<int> EveryTenPercent = [.. Enumerable.Range(0, 10).Select(i => i * 10)];

    [Theory]
    [MemberData(nameof(HostileFileNames))]
    public async Task HostileFileName_StopsTheDownload(string name)
    {
        await using var scene = new HubScene();
        string listing = scene.Hub.Listing().Replace("README.md", name, StringComparison.Ordinal);
        scene.Hub.Override = r => r.Path.StartsWith("/api/", StringComparison.Ordinal) ? FakeReply.Text(listing) : null;
        await scene.FailAsync(HubProblem.Hostile);
        Assert.False(Directory.Exists(scene.Cache));
    }

    [Theory]
    [InlineData("evil name.json")]
    [InlineData(".hidden.json")]
    [InlineData("-rf.json")]
    [InlineData("%2e%2e%2fevil.json")]
    [InlineData("config.json;rm.json")]
    [InlineData("модель.json")]
    public async Task OddFileName_IsNotFetched(string name)
    {
        await using var scene = new HubScene();
        scene.Hub.Add(name, "{}"u8.ToArray());
        scene.AssertComplete(await scene.PullAsync());
    }

    [Theory]
    [MemberData(nameof(EveryTenPercent))]
    public async Task WrongByte_IsFoundAndNothingStays(int percent)
    {
        await using var scene = new HubScene();
        scene.Weights.Body = [.. scene.Weights.Content];
        scene.Weights.Body[HubScene.WeightBytes * percent / 100] ^= 0x10;
        HubException e = await scene.FailAsync(HubProblem.WrongHash);
        Assert.Contains("checksum", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete")));
        scene.Weights.Body = scene.Weights.Content;
        scene.AssertComplete(await scene.PullAsync());
    }

    [Fact]
    public async Task WrongSmallFile_IsFoundByItsGitHash()
    {
        await using var scene = new HubScene();
        FakeFile config = scene.Hub.Files.First(f => f.Name == "config.json");
        config.Body = [.. config.Content];
        config.Body[3] ^= 1;
        await scene.FailAsync(HubProblem.WrongHash);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-200_000)]
    [InlineData(200_000)]
    public async Task WrongSize_IsRefused(int difference)
    {
        await using var scene = new HubScene();
        scene.Weights.AnnouncedSize += difference;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("../../../../../../tmp/evil")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF01234567")]
    [InlineData("0123456789abcdef0123456789abcdef0123456g")]
    [InlineData("")]
    public async Task HashThatIsNoHash_IsRefused(string hash)
    {
        await using var scene = new HubScene();
        scene.Hub.Files.First(f => f.Name == "config.json").Hash = hash;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Fact]
    public async Task ListAndHeadThatDisagree_AreRefused()
    {
        await using var scene = new HubScene();
        string listing = scene.Hub.Listing().Replace(scene.Weights.Hash, new string('a', 64), StringComparison.Ordinal);
        scene.Hub.Override = r => r.Path.StartsWith("/api/", StringComparison.Ordinal) ? FakeReply.Text(listing) : null;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Fact]
    public async Task OtherCommit_IsRefused()
    {
        await using var scene = new HubScene();
        FakeReply other = FakeReply.Text("x").With("X-Repo-Commit", new string('0', 40));
        scene.Hub.Override = r => r.Method == "HEAD" ? other : null;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://169.254.169.254/")]
    [InlineData("http://10.0.0.1/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://192.168.0.1/")]
    [InlineData("https://172.16.3.4/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://2130706434.example:443@10.0.0.1/")]
    [InlineData("https://0x0a000001/")]
    [InlineData("http://example.com/")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user:pass@huggingface.co/")]
    public async Task RedirectToPrivatePlace_IsNotFollowed(string target)
    {
        await using var scene = new HubScene();
        scene.Hub.Override = r => r.Path.Contains("model.safetensors", StringComparison.Ordinal)
            ? FakeReply.Redirect(target).With("X-Linked-ETag", scene.Weights.Hash)
                .With("X-Linked-Size", scene.Weights.AnnouncedSize.ToString(CultureInfo.InvariantCulture))
            : null;
        await scene.FailAsync(HubProblem.Hostile);
        Assert.DoesNotContain(scene.Hub.Requests, r => r.Server == "storage");
    }

    [Theory]
    [InlineData("/api/")]
    [InlineData("/resolve/")]
    [InlineData("/blob/")]
    public async Task RedirectsWithoutEnd_AreCut(string where)
    {
        await using var scene = new HubScene();
        int hops = 0;
        scene.Hub.Override = r => r.Path.Contains(where, StringComparison.Ordinal)
            && !(where == "/resolve/" && r.Method == "GET")
            ? FakeReply.Redirect($"{r.Path.Split('?')[0]}?hop={hops++}") : null;
        await scene.FailAsync(HubProblem.Hostile);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task CompressedAnswer_IsRefused(string encoding)
    {
        foreach (string server in (string[])["hub", "storage"])
        {
            await using var scene = new HubScene();
            scene.Hub.Override = r => r.Server == server && r.Method == "GET"
                ? FakeReply.Text("{}").With("Content-Encoding", encoding) : null;
            await scene.FailAsync(HubProblem.Protocol);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"sha\":\"x\",\"siblings\":[]}")]
    [InlineData("{\"sha\":\"89abcdef0123456789abcdef0123456789abcdef\"}")]
    [InlineData("{\"sha\":\"../../../../../etc/0123456789012345678901\",\"siblings\":[]}")]
    [InlineData("{\"sha\":\"\\ud800\",\"siblings\":[]}")]
    public async Task BadListing_IsRefused(string listing)
    {
        await using var scene = new HubScene();
        scene.Hub.Override = r => r.Path.StartsWith("/api/", StringComparison.Ordinal) ? FakeReply.Text(listing) : null;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Fact]
    public async Task DeepListing_IsRefused()
    {
        await using var scene = new HubScene();
        string deep = new('[', 1_000_000);
        scene.Hub.Override = r => r.Path.StartsWith("/api/", StringComparison.Ordinal) ? FakeReply.Text(deep) : null;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Fact]
    public async Task EndlessListing_IsCut()
    {
        await using var scene = new HubScene();
        scene.Settings = scene.Settings with { ListingBytesMax = 100_000 };
        scene.Hub.Override = r => r.Path.StartsWith("/api/", StringComparison.Ordinal)
            ? new FakeReply { Body = new byte[3_000_000], OmitLength = true } : null;
        await scene.FailAsync(HubProblem.Hostile);
    }

    [Fact]
    public async Task LongBody_IsNotReadToItsEnd()
    {
        await using var scene = new HubScene();
        scene.Hub.Override = r => r.Server == "storage"
            ? new FakeReply { Body = new byte[5_000_000], OmitLength = true } : null;
        HubException e = await scene.FailAsync(HubProblem.Protocol);
        Assert.Contains("another size", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HugeAnnouncement_DoesNotFillTheDisk()
    {
        await using var scene = new HubScene();
        scene.Weights.AnnouncedSize = 1L << 41;
        HubException e = await scene.FailAsync(HubProblem.DiskFull);
        Assert.Contains("2.2 TB", e.Message, StringComparison.Ordinal);
        scene.Weights.AnnouncedSize = 1L << 62;
        await scene.FailAsync(HubProblem.Protocol);
    }

    [Fact]
    public async Task TooManyFiles_AreRefused()
    {
        await using var scene = new HubScene();
        scene.Settings = scene.Settings with { FilesMax = 2 };
        await scene.FailAsync(HubProblem.Hostile);
    }

    [Fact]
    public async Task FilesThatDifferInCaseOnly_AreRefused()
    {
        await using var scene = new HubScene();
        scene.Hub.Add("CONFIG.json", "{}"u8.ToArray());
        await scene.FailAsync(HubProblem.Hostile);
    }

    [Fact]
    public async Task SmallDisk_IsSeenBeforeTheFirstByte()
    {
        await using var scene = new HubScene();
        scene.Settings = scene.Settings with { FreeBytes = _ => 300_000 };
        HubException e = await scene.FailAsync(HubProblem.DiskFull);
        Assert.Contains("400 kB", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, scene.Hub.BodyBytes);
    }

    [Theory]
    [MemberData(nameof(EveryTenPercent))]
    public async Task FullDisk_IsToldAndResumed(int percent)
    {
        await using var scene = new HubScene();
        DownloadSettings healthy = scene.Settings;
        scene.Settings = healthy with
        {
            OpenBlob = f => f.Length < HubScene.WeightBytes && ((FileStream)f).Name.Contains(scene.Weights.Hash)
                ? new FailingStream(f, HubScene.WeightBytes * percent / 100, code: 28) : f,
        };
        await scene.FailAsync(HubProblem.DiskFull);
        scene.Settings = healthy;
        string partial = Path.Combine(scene.Blobs, scene.Weights.Hash + ".incomplete");
        long kept = new FileInfo(partial).Length;
        Assert.Equal(HubScene.WeightBytes * percent / 100, kept);
        int before = scene.Hub.Requests.Length;
        scene.AssertComplete(await scene.PullAsync());
        Assert.All(scene.Hub.Requests[before..].Where(r => r.Server == "storage"), r => Assert.True(
            long.Parse(r.Header("Range")!["bytes=".Length..].Split('-')[0], CultureInfo.InvariantCulture) >= kept));
    }

    [Fact]
    public async Task BrokenDisk_IsATypedError()
    {
        await using var scene = new HubScene();
        scene.Settings = scene.Settings with { OpenBlob = f => new FailingStream(f, 0, code: 5) };
        await scene.FailAsync(HubProblem.Disk);
    }

    [Theory]
    [InlineData(404, null, HubProblem.NotFound)]
    [InlineData(401, null, HubProblem.NotFound)]
    [InlineData(401, "GatedRepo", HubProblem.NotAllowed)]
    [InlineData(403, "GatedRepo", HubProblem.NotAllowed)]
    [InlineData(403, null, HubProblem.NotAllowed)]
    [InlineData(404, "RevisionNotFound", HubProblem.NotFound)]
    [InlineData(418, null, HubProblem.Protocol)]
    [InlineData(500, null, HubProblem.Network)]
    [InlineData(429, null, HubProblem.Network)]
    public async Task RefusalOfTheHub_SaysWhatToDo(int status, string? code, HubProblem kind)
    {
        await using var scene = new HubScene();
        scene.Hub.Override = _ => FakeReply.Text("no", status).With("X-Error-Code", code);
        HubException e = await scene.FailAsync(kind);
        Assert.Equal(code == "GatedRepo", e.Message.Contains("HF_TOKEN", StringComparison.Ordinal)
            && e.Message.Contains("gated", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RepositoryWithoutMlxWeights_IsRefused()
    {
        await using var scene = new HubScene();
        scene.Hub.Files.RemoveAll(f => f.Name == "model.safetensors");
        HubException e = await scene.FailAsync(HubProblem.NotMlx);
        Assert.Contains("MLX", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NobodyThere_IsANetworkError()
    {
        await using var scene = new HubScene();
        Uri dead;
        await using (var gone = new FakeHub())
            dead = gone.Endpoint;
        var options = new HubOptions { CacheDirectory = scene.Cache, Endpoint = dead };
        using var client = new HubClient(options, scene.Settings);
        HubException e = await Assert.ThrowsAsync<HubException>(
            () => client.PullAsync(scene.Name, "main", null, default));
        Assert.Equal(HubProblem.Network, e.Kind);
    }

    [Fact]
    public async Task Offline_SaysWhatToDo()
    {
        await using var scene = new HubScene();
        using HubClient client = scene.Client(offline: true);
        HubException e = await Assert.ThrowsAsync<HubException>(() => client.EnsureAsync("org/model", null, default));
        Assert.Equal(HubProblem.Offline, e.Kind);
        Assert.Contains("HF_HUB_OFFLINE", e.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Hub.Requests);
        await scene.PullAsync();
        scene.AssertComplete(await client.EnsureAsync("org/model", null, default));
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("refs/../x")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("a b")]
    public async Task HostileRevision_IsRefused(string revision)
    {
        await using var scene = new HubScene();
        using HubClient client = scene.Client();
        HubException e = await Assert.ThrowsAsync<HubException>(
            () => client.PullAsync(scene.Name, revision, null, default));
        Assert.Equal(HubProblem.BadName, e.Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("blobs")]
    [InlineData("snapshots")]
    [InlineData("refs")]
    [InlineData("snapshots/" + FakeHub.Commit)]
    [InlineData("blobs/HASH.incomplete")]
    [InlineData("refs/main")]
    public async Task LinkInTheCache_IsNotWrittenThrough(string place)
    {
        await using var scene = new HubScene();
        scene.Allowed.Add("elsewhere");
        string elsewhere = scene.Outer["elsewhere"];
        bool isFile = place.Contains("HASH", StringComparison.Ordinal) || place == "refs/main";
        if (isFile)
            File.WriteAllText(elsewhere, "precious");
        else
            Directory.CreateDirectory(elsewhere);
        string link = Path.Combine(scene.Repository, place.Replace("HASH", scene.Weights.Hash)).TrimEnd('/');
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, elsewhere);
        HubException e = await Assert.ThrowsAsync<HubException>(() => scene.PullAsync());
        Assert.Equal(HubProblem.UnsafeFolder, e.Kind);
        if (isFile)
            Assert.Equal("precious", File.ReadAllText(elsewhere));
        else
            Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }
}
