using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

public sealed class ModelStoreTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    public static readonly TheoryData<string> HostileNames =
    [
        "", ".", "..", "../x", "x/..", "../../etc/passwd", "a/../b", "a/b/c", "/etc/passwd", "a//b", "a/", "/a", "a\\b",
        "..\\x", "a/.", "-rf", "a/-b", "a/.hidden", "a b", "a\0b", "a\nb", "café/x", "a/b?x", "a%2f..%2fb", "a--b",
        "x..y", "http://x/y", "~/x", "a/b.", "модель",
    ];

    [Theory]
    [MemberData(nameof(HostileNames))]
    public void HostileName_IsNotAName(string name) => Assert.False(ModelName.TryParse(name, out _));

    [Theory]
    [InlineData(96, true)]
    [InlineData(97, false)]
    public void NameLength_IsLimited(int length, bool valid) =>
        Assert.Equal(valid, ModelName.TryParse("a/" + new string('x', length), out _));

    [Theory]
    [InlineData("mlx-community/Qwen3-4B-4bit", "models--mlx-community--Qwen3-4B-4bit")]
    [InlineData("gpt2", "models--gpt2")]
    [InlineData("a_b/c.d_e-1", "models--a_b--c.d_e-1")]
    public void Name_RoundTripsThroughItsFolder(string text, string folder)
    {
        ModelName name = ModelName.Parse(text);
        Assert.Equal(folder, name.FolderName);
        Assert.True(ModelName.TryParseFolder(folder, out ModelName back));
        Assert.Equal(text, back.Text);
    }

    [Fact]
    public void Resolve_FindsASnapshotByNameAndAFolderByPath()
    {
        using TemporaryFolder cache = Cache("org/model");
        var store = new ModelStore(cache.Path);
        string snapshot = store.Resolve("org/model");
        Assert.EndsWith(Path.Combine("snapshots", Commit), snapshot, StringComparison.Ordinal);
        Assert.Equal(snapshot, store.Resolve(snapshot));
        Assert.Equal(snapshot, store.Resolve("org/model", Commit));
    }

    [Fact]
    public void Resolve_SaysWhatToDo()
    {
        using TemporaryFolder cache = Cache("org/model");
        var store = new ModelStore(cache.Path);
        HubException absent = Assert.Throws<HubException>(() => store.Resolve("org/other"));
        Assert.Equal(HubProblem.NotInCache, absent.Kind);
        Assert.Contains("fastmlx pull org/other", absent.Message, StringComparison.Ordinal);
        File.Delete(cache[$"models--org--model/snapshots/{Commit}/model.safetensors"]);
        HubException partial = Assert.Throws<HubException>(() => store.Resolve("org/model"));
        Assert.Equal(HubProblem.Incomplete, partial.Kind);
        Assert.Contains("model.safetensors", partial.Message, StringComparison.Ordinal);
        Assert.Equal(HubProblem.NotFound, Assert.Throws<HubException>(() => store.Resolve("/no/such/folder")).Kind);
        Assert.Equal(HubProblem.BadName, Assert.Throws<HubException>(() => store.Resolve("a/../b")).Kind);
    }

    [Fact]
    public void DanglingLink_IsIncomplete()
    {
        using TemporaryFolder cache = Cache("org/model");
        File.Delete(cache["models--org--model/blobs/weights"]);
        Assert.Equal(HubProblem.Incomplete,
            Assert.Throws<HubException>(() => new ModelStore(cache.Path).Resolve("org/model")).Kind);
    }

    [Fact]
    public void LinkOutOfTheCache_IsRefused()
    {
        using TemporaryFolder cache = Cache("org/model");
        using var outside = new TemporaryFolder();
        string link = cache[$"models--org--model/snapshots/{Commit}/config.json"];
        File.Delete(link);
        File.CreateSymbolicLink(link, outside.Write("config.json", "{}"));
        Assert.Equal(HubProblem.UnsafeFolder,
            Assert.Throws<HubException>(() => new ModelStore(cache.Path).Resolve("org/model")).Kind);
    }

    [Fact]
    public void HostileRef_IsIgnored()
    {
        using TemporaryFolder cache = Cache("org/model");
        cache.Write("models--org--model/refs/main", "../../../../etc");
        Directory.CreateDirectory(cache["models--org--model/snapshots/other"]);
        Assert.Null(new ModelStore(cache.Path).FindSnapshot(ModelName.Parse("org/model")));
        Assert.Null(new ModelStore(cache.Path).FindSnapshot(ModelName.Parse("org/model"), "../../x"));
    }

    [Fact]
    public void List_CountsBlobsOnceAndSkipsForeignFolders()
    {
        using TemporaryFolder cache = Cache("org/model");
        Directory.CreateDirectory(cache["datasets--org--x"]);
        Directory.CreateDirectory(cache["models--..--x"]);
        cache.Write("models--org--half/blobs/x.incomplete", new byte[10]);
        IReadOnlyList<CachedModel> models = new ModelStore(cache.Path).List();
        Assert.Equal(["org/half", "org/model"], models.Select(m => m.Name.Text));
        Assert.Equal([false, true], models.Select(m => m.IsComplete));
        Assert.Equal(10, models[0].Bytes);
        Assert.Equal(100 + 2 + 2 + 40, models[1].Bytes);
        Assert.Equal(Commit, models[1].Commit);
    }

    [Fact]
    public void Remove_TakesTheModelAndNothingBehindLinks()
    {
        using TemporaryFolder cache = Cache("org/model");
        using var outside = new TemporaryFolder();
        string precious = outside.Write("precious", "x");
        File.CreateSymbolicLink(cache["models--org--model/blobs/trap"], outside.Path);
        var store = new ModelStore(cache.Path);
        Assert.Equal(144, store.Remove(ModelName.Parse("org/model")));
        Assert.True(File.Exists(precious));
        Assert.Empty(store.List());
        Assert.Equal(HubProblem.NotInCache,
            Assert.Throws<HubException>(() => store.Remove(ModelName.Parse("org/model"))).Kind);
        File.CreateSymbolicLink(cache["models--org--link"], outside.Path);
        Assert.Equal(HubProblem.UnsafeFolder,
            Assert.Throws<HubException>(() => store.Remove(ModelName.Parse("org/link"))).Kind);
        Assert.True(File.Exists(precious));
    }

    [Fact]
    public void Remove_WaitsForNoDownload()
    {
        using TemporaryFolder cache = Cache("org/model");
        ModelName name = ModelName.Parse("org/model");
        var store = new ModelStore(cache.Path);
        using (BlobLock.TryTake(cache.Path, name, "weights"))
        {
            Assert.Null(BlobLock.TryTake(cache.Path, name, "weights"));
            Assert.Equal(HubProblem.Busy, Assert.Throws<HubException>(() => store.Remove(name)).Kind);
        }
        store.Remove(name);
    }

    [Fact]
    public void Options_FollowTheVariablesOfOtherTools()
    {
        using var home = new TemporaryFolder();
        HubOptions plain = HubOptions.From(null, null, null, null, null, null, home.Path);
        Assert.Equal(home[".cache/huggingface/hub"], plain.CacheDirectory);
        Assert.Equal("https://huggingface.co/", plain.Endpoint.ToString());
        Assert.Null(plain.Token);
        home.Write("hf/token", "hf_saved\n");
        HubOptions given = HubOptions.From("~/hf", null, "http://127.0.0.1:81/", "", "1", null, home.Path);
        Assert.Equal(home["hf/hub"], given.CacheDirectory);
        Assert.Equal("hf_saved", given.Token);
        Assert.True(given.Offline);
        Assert.Equal("/x", HubOptions.From("/hf", "/x", null, "t", "0", null, home.Path).CacheDirectory);
        HubOptions xdg = HubOptions.From(null, null, null, null, null, "/c", home.Path);
        Assert.Equal("/c/huggingface/hub", xdg.CacheDirectory);
    }

    [Theory]
    [InlineData("http://huggingface.co")]
    [InlineData("http://192.168.1.1")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("file:///etc")]
    [InlineData("https://user:pass@host")]
    [InlineData("nonsense")]
    public void Endpoint_MustBeHttpsOrLoopback(string endpoint) =>
        Assert.Throws<HubException>(() => HubOptions.ParseEndpoint(endpoint));

    private static TemporaryFolder Cache(string name)
    {
        var cache = new TemporaryFolder();
        string repository = ModelName.Parse(name).FolderName;
        cache.Write($"{repository}/blobs/weights", new byte[100]);
        cache.Write($"{repository}/blobs/config", "{}");
        cache.Write($"{repository}/blobs/tokenizer", "{}");
        cache.Write($"{repository}/refs/main", Commit);
        string snapshot = Directory.CreateDirectory(cache[$"{repository}/snapshots/{Commit}"]).FullName;
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.safetensors"), "../../blobs/weights");
        File.CreateSymbolicLink(Path.Combine(snapshot, "config.json"), "../../blobs/config");
        File.CreateSymbolicLink(Path.Combine(snapshot, "tokenizer.json"), "../../blobs/tokenizer");
        return cache;
    }
}
