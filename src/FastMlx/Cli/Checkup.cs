using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using FastMlx.Claude;
using FastMlx.Cli.Talk;
using FastMlx.Composition;
using FastMlx.Configuration;
using FastMlx.Hub;
using FastMlx.Native;

namespace FastMlx.Cli;

/// <summary>What `doctor` looks at, one finding after the other.</summary>
internal static class Checkup
{
    public static async IAsyncEnumerable<Finding> RunAsync(
        ServerOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return DotEnvFile();
        yield return Engine(options);
        yield return Mlx(options);
        yield return Processor();
        yield return new Finding("memory", "ok", ByteText.Of(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
        yield return Models(options);
        yield return Model(options);
        yield return Disk(options);
        yield return await PortAsync(options, cancellation);
        yield return Claude(options);
    }

    /// <summary>Names that nobody reads: most often a slip of the hand.</summary>
    private static Finding DotEnvFile()
    {
        string path = Path.Combine(Directory.GetCurrentDirectory(), ".env");
        if (!File.Exists(path))
            return new Finding(".env", "ok", "None here; the environment and flags count.");
        try
        {
            string[] unknown = [.. DotEnv.Parse(File.ReadAllText(path)).Keys
                .Where(name => Settings.All.All(s => s.Name != name))];
            return unknown.Length == 0
                ? new Finding(".env", "ok", path)
                : new Finding(".env", "note", $"{path}: no setting is called {string.Join(", ", unknown)}.");
        }
        catch (Exception e) when (e is OptionsException or IOException or UnauthorizedAccessException)
        {
            return new Finding(".env", "bad", e.Message);
        }
    }

    /// <summary>Opens the demo model, which shows that the native part is there and computes here.</summary>
    private static Finding Engine(ServerOptions options)
    {
        try
        {
            string folder = DemoModelFolder.Extract(options.HomeDirectory);
            using NativeModel model = NativeModel.Open(folder, new NativeModelOptions
            {
                Backend = ModelLoader.BackendOf(options),
                Threads = options.Threads,
                MaxSlots = 2,
                MaxStepTokens = 16,
            });
            return new Finding("engine", "ok", $"{model.Info.Backend}; opens the demo model.");
        }
        catch (Exception e) when (e is FastMlx.Engine.ModelException or IOException or UnauthorizedAccessException
            or DllNotFoundException)
        {
            return new Finding("engine", "bad", e.Message);
        }
    }

    /// <summary>Looked at after the engine has opened a model, so that the limits are those it works under.</summary>
    private static Finding Mlx(ServerOptions options)
    {
        try
        {
            if (MlxBackend.Look() is not { } mlx)
            {
                bool isWanted = OperatingSystem.IsMacOS() || options.Backend == "mlx";
                return new Finding("mlx", isWanted ? "note" : "ok", isWanted
                    ? "Not in this build: `brew install mlx`, then build with -p:FastMlxWithMlx=true (docs/MLX.md)."
                    : "Not in this build, which computes with its own CPU engine.");
            }

            string device = mlx.HasGpu ? mlx.Device : $"{mlx.Device}, without a GPU: only --backend mlx uses it here";
            string memory = mlx.MemoryBytes == 0 ? "" : $"; memory {ByteText.Of((long)mlx.MemoryBytes)}";
            string advised = mlx.WorkingSetBytes == 0
                ? ""
                : $", at most {ByteText.Of((long)mlx.WorkingSetBytes)} of it advised";
            return new Finding(
                "mlx", "ok", $"{mlx.Version} on {device}{memory}{advised}; limit {ByteText.Of((long)mlx.LimitBytes)}");
        }
        catch (FastMlx.Engine.ModelException e)
        {
            return new Finding("mlx", "bad", e.Message);
        }
    }

    private static Finding Processor()
    {
        string text = $"{RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores";
        if (AdvSimd.IsSupported)
            return new Finding("processor", "ok", text + ", NEON" + (Dp.IsSupported ? " with dot products" : ""));
        // Asked of the processor itself: a native build fixes what its C# part may use, not what the C++ part finds.
        int features = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 ? X86Base.CpuId(7, 0).Ebx : 0;
        const int Avx2Bit = 1 << 5, Avx512Bit = 1 << 16;
        return (features & Avx512Bit) != 0 ? new Finding("processor", "ok", text + ", AVX-512")
            : (features & Avx2Bit) != 0 ? new Finding("processor", "ok", text + ", AVX2")
            : new Finding("processor", "note", text + "; no AVX2, so the CPU engine is slow here.");
    }

    private static Finding Models(ServerOptions options)
    {
        try
        {
            using var client = new HubClient(HubAccess.From(options));
            IReadOnlyList<CachedModel> models = client.Store.List();
            return new Finding("models", "ok",
                $"{models.Count} in {client.Store.CacheDirectory}, {ByteText.Of(models.Sum(m => m.Bytes))}"
                + (options.Hub.Offline ? "; HF_HUB_OFFLINE: none is downloaded" : ""));
        }
        catch (Exception e) when (e is HubException or IOException or UnauthorizedAccessException)
        {
            return new Finding("models", "bad", e.Message);
        }
    }

    private static Finding Model(ServerOptions options)
    {
        if (options.ModelName is not { } name || ModelLoader.NameOf(options) == DemoModelFolder.Name)
            return new Finding(
                "model", "note", "None is configured: the demo model. Name one with --model or MODEL_NAME.");
        try
        {
            using var client = new HubClient(HubAccess.From(options));
            ModelFolder.Open(client.Store.Resolve(name));
            return new Finding("model", "ok", $"{name} is there.");
        }
        catch (Exception e) when (e is HubException or ModelFileException or IOException or UnauthorizedAccessException)
        {
            return new Finding("model", e is HubException && !options.Hub.Offline ? "note" : "bad", e.Message);
        }
    }

    private static Finding Disk(ServerOptions options)
    {
        const long Little = 20L << 30;
        try
        {
            Directory.CreateDirectory(options.HomeDirectory);
            long free = new DriveInfo(options.HomeDirectory).AvailableFreeSpace;
            return new Finding(
                "disk", free < Little ? "note" : "ok", $"{ByteText.Of(free)} free for {options.HomeDirectory}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Finding("disk", "bad", e.Message);
        }
    }

    private static async Task<Finding> PortAsync(ServerOptions options, CancellationToken cancellation)
    {
        string url = ServerAddress.Of(options);
        using var client = new ServerClient(url, options.ApiKey);
        return await client.LookAsync(cancellation) switch
        {
            ServerPresence.Nobody => new Finding("port", "ok", $"{url} is free."),
            ServerPresence.Ready => new Finding("port", "ok", $"A FastMlx serves on {url}."),
            ServerPresence.Unready => new Finding("port", "bad", $"{url} cannot serve: see {url}/health"),
            _ => new Finding("port", "bad", $"Another program has {url}: choose another PORT."),
        };
    }

    private static Finding Claude(ServerOptions options) => ClaudeBinary.Find(options.Surroundings) is { } path
        ? new Finding("claude", "ok", path)
        : new Finding("claude", "note", "Not on PATH. " + ClaudeBinary.HowToInstall);
}
