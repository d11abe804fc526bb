using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Hub;

/// <summary>
/// A fake hub with a small model, a cache folder of its own, and what must hold after every download.
/// </summary>
internal sealed class HubScene : IAsyncDisposable
{
    public const int PieceBytes = 10_000;
    public const int ChunkBytes = PieceBytes * 4;
    public const int WeightBytes = 400_000;

    private readonly TemporaryFolder _outer = new();

    public HubScene()
    {
        var weights = new byte[WeightBytes];
        new Random(5).NextBytes(weights);
        string header = $"{{{SafetensorsBytes.Entry("w", "U8", $"[{WeightBytes - 71}]", $"[0,{WeightBytes - 71}]")}}}";
        byte[] file = SafetensorsBytes.Make(header.PadRight(63), WeightBytes - 71);
        Weights = Hub.Add("model.safetensors", file, isLarge: true);
        Hub.Add("config.json", """{"model_type":"llama","max_position_embeddings":64}"""u8.ToArray());
        Hub.Add("tokenizer.json", "{}"u8.ToArray());
        Hub.Add("README.md", "no"u8.ToArray());
        Hub.Add("modeling_evil.py", "no"u8.ToArray());
        Hub.Add("pytorch_model.bin", "no"u8.ToArray(), isLarge: true);
        Hub.Add("onnx/model.json", "no"u8.ToArray());
    }

    public FakeHub Hub { get; } = new();
    public FakeFile Weights { get; }
    public string Cache => _outer["cache"];
    public string Repository => Path.Combine(Cache, "models--org--model");
    public string Blobs => Path.Combine(Repository, "blobs");
    public TemporaryFolder Outer => _outer;
    public ModelName Name { get; } = ModelName.Parse("org/model");

    public DownloadSettings Settings { get; set; } = new()
    {
        PieceBytes = PieceBytes,
        PiecesAtOnce = 4,
        AttemptsMax = 4,
        FirstBackoff = TimeSpan.FromMilliseconds(1),
        BackoffMax = TimeSpan.FromMilliseconds(4),
        FreeBytesMin = 0,
    };

    public HubClient Client(string? token = null, bool offline = false) => new(
        new HubOptions { CacheDirectory = Cache, Endpoint = Hub.Endpoint, Token = token, Offline = offline }, Settings);

    public async Task<string> PullAsync(IProgress<PullProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using HubClient client = Client();
        return await client.PullAsync(Name, "main", progress, cancellationToken);
    }

    /// <summary>A download that must fail, with nothing visible after it.</summary>
    public async Task<HubException> FailAsync(HubProblem kind)
    {
        HubException e = await Assert.ThrowsAsync<HubException>(() => PullAsync());
        Assert.True(kind == e.Kind, $"{e.Kind} instead of {kind}: {e.Message}");
        Assert.True(e.Message.Length is > 20 and < 600, e.Message);
        AssertNothingVisible();
        return e;
    }

    public void AssertNothingVisible()
    {
        AssertNothingOutside();
        Assert.False(File.Exists(Path.Combine(Repository, "refs", "main")), "a ref is visible");
        string snapshots = Path.Combine(Repository, "snapshots");
        Assert.Empty(Directory.Exists(snapshots) ? Directory.GetFileSystemEntries(snapshots) : []);
        foreach (string blob in Directory.Exists(Blobs) ? Directory.GetFiles(Blobs) : [])
        {
            if (!blob.EndsWith(".incomplete", StringComparison.Ordinal))
                Assert.Equal(Path.GetFileName(blob), HashOf(blob));
        }
    }

    public void AssertComplete(string snapshot)
    {
        AssertNothingOutside();
        Assert.Equal(Path.Combine(Repository, "snapshots", FakeHub.Commit), snapshot);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"],
            Directory.GetFiles(snapshot).Select(Path.GetFileName).Order());
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(Repository, "refs", "main")));
        foreach (FakeFile file in Hub.Files.Where(f => File.Exists(Path.Combine(snapshot, f.Name))))
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(snapshot, file.Name)));
        Assert.DoesNotContain(Directory.GetFiles(Blobs), b => b.EndsWith(".incomplete", StringComparison.Ordinal));
        Assert.Equal("llama", ModelFolder.Open(snapshot).Config.ModelType);
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _outer.Dispose();
    }

    private void AssertNothingOutside()
    {
        string[] entries = [.. Directory.GetFileSystemEntries(_outer.Path).Select(e => Path.GetFileName(e))];
        Assert.Equal(entries.Contains("cache") ? ["cache"] : [], entries.Except(Allowed));
        if (!Directory.Exists(Cache))
            return;
        string[] inside = [.. Directory.GetFileSystemEntries(Cache).Select(e => Path.GetFileName(e))];
        Assert.Empty(inside.Except([".locks", "models--org--model"]));
    }

    /// <summary>Entries beside the cache that a test made itself.</summary>
    public HashSet<string> Allowed { get; } = [];

    private static string HashOf(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        return new FakeFile("", content, Path.GetFileName(path).Length == 64).Hash;
    }
}
