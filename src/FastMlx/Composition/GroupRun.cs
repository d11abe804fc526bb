using System.Globalization;
using System.Runtime.InteropServices;
using FastMlx.Cli;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Logging;
using FastMlx.Native;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>
/// `serve --distributed`: one of the processes that MLX's launcher started. The first serves as any server does, over a
/// model whose parts are in all of them; the others do what its model does until it is closed.
/// </summary>
internal static class GroupRun
{
    public static async Task<int> RunAsync(ServerOptions options)
    {
        if (options.FurtherModels.Count > 0)
            throw new OptionsException("--distributed serves one model: give one --model.");
        if (options.Backend is not ("auto" or "mlx"))
            throw new OptionsException($"--distributed computes with MLX, not with {options.Backend}.");
        TimeProvider time = TimeProvider.System;
        await using var log = new StderrLogger(
            options.LogFormat == "json", options.Verbose ? LogLevel.Debug : LogLevel.Information, time, Console.Error);
        try
        {
            NativeGroup group = NativeGroup.Join();
            // What one process saves of a conversation is a part of it, and a model that leaves memory ends the group.
            options = options with
            {
                Backend = "mlx",
                GroupSize = group.Size,
                DiskCacheDirectory = null,
                IdleSeconds = 0,
            };
            ServerLog.Say(log, string.Create(
                CultureInfo.InvariantCulture, $"Member {group.Rank} of a group of {group.Size}."));
            return group.Rank == 0
                ? await ServerRun.RunAsync(options, isAttached: false)
                : await FollowAsync(options, log);
        }
        catch (Exception e) when (e is ModelException or LoadException or Hub.ModelFileException or Hub.HubException
            or IOException)
        {
            ServerLog.Warn(log, e.Message);
            return VerbGuard.CodeOf(e) ?? ExitCode.Failure;
        }
    }

    /// <summary>Ends with the first member, which a launcher signals as well; a second signal ends it now.</summary>
    private static async Task<int> FollowAsync(ServerOptions options, ILogger log)
    {
        int signals = 0;
        void OnSignal(PosixSignalContext context) => context.Cancel = Interlocked.Increment(ref signals) == 1;
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        Hub.ModelFolder folder = await ModelLoader.FindMainAsync(options, log, CancellationToken.None);
        // MLX's streams belong to a thread: nothing is awaited between here and the end.
        using NativeModel model = ModelLoader.OpenNative(options, folder);
        ServerLog.Say(log, "Following the first member.");
        model.Follow();
        ServerLog.Say(log, "The first member has stopped.");
        return ExitCode.Success;
    }
}
