using FastMlx.Engine.Disk;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>
/// The disk tier and its thread, which outlive models and engine threads. Opened by the first engine thread, used by
/// the current one.
/// </summary>
internal sealed partial class DiskHolder : IDisposable
{
    private DiskThread? _thread;

    public DiskTier? Tier { get; private set; }

    /// <summary>Opens the folder once; where it cannot be used the engine goes on without it.</summary>
    public void Open(DiskCacheOptions? options, ModelInfo model, ILogger log, Action wakeEngine)
    {
        if (options is null || Tier is not null)
        {
            return;
        }

        try
        {
            var folder = new CacheFolder(options.Folder, options.SyncFolder);
            Tier = new DiskTier(folder, options.Fingerprint, model, options.BytesMax, log);
            _thread = new DiskThread(Tier, wakeEngine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNoFolder(log, options.Folder, e.Message);
        }
    }

    public void Dispose() => _thread?.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no disk cache: {Folder} cannot be used ({Reason}).")]
    private static partial void LogNoFolder(ILogger log, string folder, string reason);
}
