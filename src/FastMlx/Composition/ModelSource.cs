using FastMlx.Cli;
using FastMlx.Configuration;
using FastMlx.Hub;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>
/// Finds a model's folder: as a path, in the shared cache, or on the hub, with progress on standard error.
/// </summary>
internal static class ModelSource
{
    public static async Task<string> FindAsync(
        ServerOptions options, string name, ILogger log, CancellationToken cancellation)
    {
        using var client = new HubClient(HubAccess.From(options));
        bool isThere = ModelStore.IsDirectory(name)
            || (ModelName.TryParse(name, out ModelName parsed) && client.Store.FindSnapshot(parsed) is not null);
        if (!isThere && !options.Hub.Offline && ModelName.TryParse(name, out _) && !Directory.Exists(name))
            ServerLog.Say(log, $"{name} is not in the model cache: downloading it.");
        bool isTerminal = !Console.IsErrorRedirected;
        var progress = new PullReporter(Console.Error, isTerminal, isTerminal ? Console.WindowWidth : 0);
        try
        {
            return await client.EnsureAsync(name, progress, cancellation);
        }
        finally
        {
            progress.End();
        }
    }
}
