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
    private CacheFolder? _folder;

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
            _folder = new CacheFolder(options.Folder, options.SyncFolder);
            bool owns = _folder.TryOwn();
            if (!owns)
            {
                LogBorrowed(log, options.Folder);
            }

            ICacheFiles files = owns ? _folder : new BorrowedFiles(_folder);
            Tier = new DiskTier(files, options.Fingerprint, model, options.BytesMax, log, saves: owns);
            _thread = new DiskThread(Tier, wakeEngine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNoFolder(log, options.Folder, e.Message);
        }
    }

    public void Dispose()
    {
        _thread?.Dispose();
        _folder?.Dispose();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Another server writes the disk cache in {Folder}: this one reads it and saves nothing.")]
    private static partial void LogBorrowed(ILogger log, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no disk cache: {Folder} cannot be used ({Reason}).")]
    private static partial void LogNoFolder(ILogger log, string folder, string reason);
}
