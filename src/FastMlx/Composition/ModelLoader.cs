using System.Security.Cryptography;
using System.Text;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;
using FastMlx.Native;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>
/// From a name to a model that answers. Everything that can be wrong with its files is said here, once.
/// </summary>
internal static class ModelLoader
{
    private const int MaxSlots = 64;
    private const int MaxStepTokens = 512;

    private static readonly string[] DemoGreeting =
    [
        "No model is configured: this is the embedded demo model, 2.9 million parameters, made to show the whole path.",
        "It answers a few questions about FastMlx and makes simple tool calls; it is not an assistant.",
        "A real one: fastmlx serve --model mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit (or a folder).",
    ];

    /// <summary>The main model alone, for verbs that need no server.</summary>
    public static async Task<LoadedModel> LoadAsync(
        ServerOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        ModelFolder folder = await FindMainAsync(options, log, cancellation);
        return await LoadAsync(options, NameOf(options), folder, () => OpenNative(options, folder), time, log);
    }

    /// <summary>
    /// All configured models: their folders are found, or downloaded, and checked now; each is brought to memory when
    /// it is first asked for.
    /// </summary>
    public static async Task<ModelSet> FindAllAsync(
        ServerOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        string?[] configured = [options.ModelName, .. options.FurtherModels];
        string[] names = [.. configured.Select(NameOf)];
        if (names.Distinct(StringComparer.OrdinalIgnoreCase).Count() < names.Length)
            throw new OptionsException($"Two models have one name: {string.Join(", ", names)}.");
        options = options with { ModelAliases = [.. options.ModelAliases.Select(a => (a.Name, NameOf(a.Model)))] };
        // Before anything is downloaded.
        _ = new ModelNames(names, options.ApiModelName, options.ModelAliases, options.Strict);
        var folders = new List<ModelFolder>();
        foreach (string? one in configured)
            folders.Add(await FindAsync(options, one, log, cancellation));
        IReadOnlyList<ModelPlan> plans = MemoryPlan.Of(options, [.. folders.Select(f => BillOf(f, options))]);
        ServedModel[] models = [.. folders.Select((folder, i) =>
            new ServedModel(i, names[i], plans[i], () => ReadText(options, names[i], folder, log)))];
        return new ModelSet(options, models, LoadAsync, time);

        async Task<LoadedModel> LoadAsync(ServedModel model, CancellationToken stop)
        {
            ModelFolder folder = folders[model.Index];
            EngineOptions limits = Limits(options, folder, model, models.Length);
            ServerLog.Say(log, $"Loading {model.Name}.");
            // The engine opens its model on its own thread meanwhile.
            Task<EngineLoop> engine = EngineLoop.OpenAsync(() => OpenNative(options, folder), limits, time, log);
            return await JoinAsync(model.TextAsync(), engine, stop);
        }
    }

    /// <summary>The same over any model, which is how tests put a scripted one behind the real pipeline.</summary>
    public static async Task<LoadedModel> LoadAsync(
        ServerOptions options,
        string name,
        ModelFolder folder,
        Func<IModel> open,
        TimeProvider time,
        ILogger log,
        Func<EngineOptions, EngineOptions>? change = null)
    {
        EngineOptions limits = Limits(options, folder);
        Task<EngineLoop> engine = EngineLoop.OpenAsync(open, change?.Invoke(limits) ?? limits, time, log);
        return await JoinAsync(
            Task.Run(() => ReadText(options, name, folder, log)), engine, CancellationToken.None);
    }

    public static ModelText ReadText(ServerOptions options, string name, ModelFolder folder, ILogger log)
    {
        TokenizerFolder tokenizer = TokenizerFolder.Load(folder.Directory);
        string source = tokenizer.ChatTemplate ?? throw new LoadException(
            $"{name} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json), so it is a "
            + "base model. Choose an instruction-tuned one.");
        HashSet<string> added = [.. tokenizer.Tokenizer.AddedTokens.Select(t => t.Content)];
        OutputFormat format = OutputFormat.Choose(source, added, options.ToolFormat);
        int[] stops = StopTokens.Of(options, folder.Config, tokenizer);
        string[] stopTexts = [.. stops.Select(tokenizer.Tokenizer.IdToToken).OfType<string>()];
        PromptBuilder prompts = PromptBuilder.Create(tokenizer, source, format, log, stopTexts);
        return new ModelText(options, name, folder.Config.Generation, stops, tokenizer, prompts, format);
    }

    /// <summary>What `serve` says before anything else.</summary>
    public static IReadOnlyList<string> Greeting(ServerOptions options) =>
        IsDemo(options.ModelName) ? DemoGreeting : [];

    // Whichever fails, the engine does not stay behind; a stop does not wait for a slow disk.
    private static async Task<LoadedModel> JoinAsync(
        Task<ModelText> text, Task<EngineLoop> engine, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(text, engine).WaitAsync(cancellation);
            return new LoadedModel(await text, await engine);
        }
        catch
        {
            _ = CloseAsync(engine);
            throw;
        }
    }

    private static async Task CloseAsync(Task<EngineLoop> engine)
    {
        try
        {
            await (await engine).DisposeAsync();
        }
        catch (Exception)
        {
            // It never opened: who asked for it has been told, or has stopped waiting.
        }
    }

    private static async Task<ModelFolder> FindAsync(
        ServerOptions options, string? configured, ILogger log, CancellationToken cancellation) =>
        ModelFolder.Open(IsDemo(configured)
            ? DemoModelFolder.Extract(options.HomeDirectory)
            : await ModelSource.FindAsync(options, configured!, log, cancellation));

    public static NativeBackend BackendOf(ServerOptions options) => options.Backend switch
    {
        "cpu" => NativeBackend.Cpu,
        "mlx" => NativeBackend.Mlx,
        "null" => NativeBackend.Null,
        _ => NativeBackend.Auto,
    };

    /// <summary>Of this process's part.</summary>
    private static MemoryBill BillOf(ModelFolder folder, ServerOptions options)
    {
        MemoryBill whole = MemoryBill.Of(folder);
        return whole with
        {
            WeightBytes = whole.WeightBytes / options.GroupSize,
            StateBytesPerToken = whole.StateBytesPerToken / options.GroupSize,
        };
    }

    /// <summary>The main model's folder, found or downloaded, and checked.</summary>
    public static Task<ModelFolder> FindMainAsync(
        ServerOptions options, ILogger log, CancellationToken cancellation) =>
        FindAsync(options, options.ModelName, log, cancellation);

    /// <summary>The model on this thread; in a group, this process's part of it.</summary>
    public static NativeModel OpenNative(ServerOptions options, ModelFolder folder)
    {
        // A file that was replaced or cut since it was checked must not reach the engine.
        folder.CheckUnchanged();
        return NativeModel.Open(folder.Directory, new NativeModelOptions
        {
            Backend = BackendOf(options),
            IsInGroup = options.GroupSize > 1,
            Threads = options.Threads,
            MaxSlots = MaxSlots,
            MaxStepTokens = MaxStepTokens,
        });
    }

    private static EngineOptions Limits(
        ServerOptions options, ModelFolder folder, ServedModel? model = null, int count = 1)
    {
        DiskCacheOptions? disk = options.DiskCacheDirectory is { } directory && options.DiskCacheBytes > 0
            ? new DiskCacheOptions
            {
                Folder = model is { Index: > 0 } ? Path.Combine(directory, FolderName(folder, model)) : directory,
                Fingerprint = folder.Fingerprint,
                BytesMax = options.DiskCacheBytes / count,
                SyncFolder = NativeFolder.Sync,
            }
            : null;
        return new EngineOptions
        {
            DiskCache = disk,
            ContextLength = options.ContextLength,
            MemoryBytes = (ulong)(model?.Plan.MemoryBytes ?? options.MemoryBytes),
            StateBytes = (ulong)options.CacheBytes,
            MaxSlots = MaxSlots,
            MaxStepTokens = MaxStepTokens,
        };
    }

    // Engines that run beside each other must not clear each other's files away, not even those of two equal models.
    private static string FolderName(ModelFolder folder, ServedModel model) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{folder.Fingerprint}\n{model.Name}")))[..16];

    /// <summary>What the main model is called, here and by clients.</summary>
    public static string NameOf(ServerOptions options) => NameOf(options.ModelName);

    /// <summary>What a configured model is called; null is the demo model.</summary>
    public static string NameOf(string? configured) =>
        IsDemo(configured) ? DemoModelFolder.Name
        : ModelStore.IsDirectory(configured!) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(configured!))
        : configured!;

    private static bool IsDemo(string? configured) => configured is null or DemoModelFolder.Name or "demo";
}
