using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FastMlx.Cli;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.Endpoints;
using FastMlx.Http;
using FastMlx.Logging;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>
/// The life of `serve`: load, listen, answer, drain. The composition root: what is wired is wired here.
/// </summary>
internal static class ServerRun
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);

    /// <param name="options">The configuration.</param>
    /// <param name="isAttached">A child of another FastMlx: see <see cref="Attachment"/>.</param>
    public static async Task<int> RunAsync(ServerOptions options, bool isAttached)
    {
        TimeProvider time = TimeProvider.System;
        await using var log = new StderrLogger(
            options.LogFormat == "json", options.Verbose ? LogLevel.Debug : LogLevel.Information, time, Console.Error);
        try
        {
            // The terminal's Ctrl+C goes to parent and child; there it means an answer, not the server.
            using var signals = new StopSignals(isAttached ? static () => { } : null);
            if (isAttached)
                _ = StopWithParentAsync(signals);
            await using ModelSet models = await ModelLoader.FindAllAsync(options, time, log, signals.Stopping);
            await using var server = new Server(options, models, time, log);
            // The main model must load, or there is no server; the others come when they are asked for.
            using (ModelLease<LoadedModel> main = await models.RentAsync(models.Main, signals.Stopping))
                SayLoaded(server, main.Model);
            await using HttpServer http = Listen(server);
            server.StartBatches();
            ServerLog.Say(log, $"Listening on {Url(http, "localhost")}");
            if (isAttached)
                Console.WriteLine(Url(http, "127.0.0.1"));
            ServiceNotice.Send(options.Surroundings.NotifySocket, "READY=1");
            await signals.WaitAsync();
            ServiceNotice.Send(options.Surroundings.NotifySocket, "STOPPING=1");
            ServerLog.Say(log, "Stopping: running answers have 30 s. Press Ctrl+C again to stop at once.");
            await Task.WhenAny(http.StopAsync(Drain), signals.WaitForSecondAsync());
            return ExitCode.Success;
        }
        catch (Exception e) when (IsExpected(e))
        {
            ServerLog.Warn(log, e is SocketException
                ? $"Cannot listen on {options.Host}, port {options.Port}: {e.Message}. Another PORT or --port may do."
                : e.Message);
            return VerbGuard.CodeOf(e) ?? ExitCode.Failure;
        }
    }

    /// <summary>Starts listening; the caller disposes. Port 0 lets the system choose.</summary>
    public static HttpServer Listen(Server server)
    {
        ServerOptions options = server.Options;
        var access = new AccessPolicy(new AccessOptions
        {
            HostNames = options.AllowedHosts,
            Origins = options.AllowedOrigins,
            ApiKey = options.ApiKey,
            MoreApiKeys = options.MoreApiKeys,
        });
        var router = new RequestRouter(server, access);
        var http = new HttpServer(
            new HttpServerOptions { Host = options.Host, Port = options.Port, FormatError = router.FormatError },
            router.HandleAsync,
            server.Log);
        http.Start();
        return http;
    }

    private static void SayLoaded(Server server, LoadedModel model)
    {
        foreach (string line in ModelLoader.Greeting(server.Options))
            ServerLog.Say(server.Log, line);
        if (server.Options.TrustRemoteCode)
            ServerLog.Say(server.Log, "TRUST_REMOTE_CODE is true: accepted, but FastMlx never runs a model's code.");
        ServerLog.Say(server.Log, string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Name}: {model.Generator.Model.ModelType} on {model.Generator.Model.Backend}, "
            + $"context {model.Generator.ContextLength:N0} tokens, tool calls as {model.Text.Format.Name}."));
        foreach (ServedModel other in server.Models.Models.Skip(1))
        {
            ServerLog.Say(server.Log, string.Create(
                CultureInfo.InvariantCulture,
                $"{other.Name}: loaded when it is asked for, context {other.ContextLength:N0} tokens."));
        }
    }

    private static string Url(HttpServer http, string everywhere)
    {
        IPEndPoint first = http.LocalEndPoints[0];
        bool isAny = IPAddress.Any.Equals(first.Address) || IPAddress.IPv6Any.Equals(first.Address);
        string host = isAny ? everywhere
            : first.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{first.Address}]"
            : first.Address.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"http://{host}:{first.Port}");
    }

    private static async Task StopWithParentAsync(StopSignals signals)
    {
        await Attachment.WaitForParentAsync();
        signals.Stop();
    }

    private static bool IsExpected(Exception e) =>
        e is OptionsException or LoadException or Hub.ModelFileException or Hub.HubException or Engine.ModelException
            or SocketException or Chat.Tokenization.TokenizerException or Chat.Templates.TemplateException
            or OperationCanceledException or IOException;
}
