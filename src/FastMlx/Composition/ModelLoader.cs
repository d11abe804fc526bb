using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;
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

    public static async Task<LoadedModel> LoadAsync(
        ServerOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        string directory = IsDemo(options)
            ? DemoModelFolder.Extract(options.HomeDirectory)
            : await ModelSource.FindAsync(options, log, cancellation);
        ModelFolder folder = ModelFolder.Open(directory);
        return await LoadAsync(options, NameOf(options), folder, () => OpenNative(options, folder), time, log);
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
        // The engine opens its model on its own thread meanwhile.
        Task<EngineLoop> engine = EngineLoop.OpenAsync(open, change?.Invoke(limits) ?? limits, time, log);
        TokenizerFolder tokenizer = TokenizerFolder.Load(folder.Directory);
        string source = tokenizer.ChatTemplate ?? throw new LoadException(
            $"{name} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json), so it is a "
            + "base model. Choose an instruction-tuned one.");
        HashSet<string> added = [.. tokenizer.Tokenizer.AddedTokens.Select(t => t.Content)];
        OutputFormat format = OutputFormat.Choose(source, added, options.ToolFormat);
        int[] stops = StopTokens.Of(options, folder.Config, tokenizer);
        string[] stopTexts = [.. stops.Select(tokenizer.Tokenizer.IdToToken).OfType<string>()];
        PromptBuilder prompts = PromptBuilder.Create(tokenizer, source, format, log, stopTexts);
        GenerationDefaults defaults = folder.Config.Generation;
        return new LoadedModel(options, name, defaults, stops, tokenizer, prompts, format, await engine)
        {
            Greeting = name == DemoModelFolder.Name ? DemoGreeting : [],
        };
    }

    public static NativeBackend BackendOf(ServerOptions options) => options.Backend switch
    {
        "cpu" => NativeBackend.Cpu,
        "mlx" => NativeBackend.Mlx,
        "null" => NativeBackend.Null,
        _ => NativeBackend.Auto,
    };

    private static NativeModel OpenNative(ServerOptions options, ModelFolder folder)
    {
        // A file that was replaced or cut since it was checked must not reach the engine.
        folder.CheckUnchanged();
        return NativeModel.Open(folder.Directory, new NativeModelOptions
        {
            Backend = BackendOf(options),
            Threads = options.Threads,
            MaxSlots = MaxSlots,
            MaxStepTokens = MaxStepTokens,
        });
    }

    private static EngineOptions Limits(ServerOptions options, ModelFolder folder) => new()
    {
        DiskCache = options.DiskCacheDirectory is { } directory && options.DiskCacheBytes > 0
            ? new DiskCacheOptions
            {
                Folder = directory,
                Fingerprint = folder.Fingerprint,
                BytesMax = options.DiskCacheBytes,
                SyncFolder = NativeFolder.Sync,
            }
            : null,
        ContextLength = options.ContextLength,
        StateBytes = (ulong)options.CacheBytes,
        MaxSlots = MaxSlots,
        MaxStepTokens = MaxStepTokens,
    };

    /// <summary>What the configured model is called, here and by clients.</summary>
    public static string NameOf(ServerOptions options) =>
        IsDemo(options) ? DemoModelFolder.Name : NameOf(options.ModelName!);

    private static bool IsDemo(ServerOptions options) =>
        options.ModelName is null or DemoModelFolder.Name or "demo";

    private static string NameOf(string configured) =>
        ModelStore.IsDirectory(configured)
            ? Path.GetFileName(Path.TrimEndingDirectorySeparator(configured))
            : configured;
}
