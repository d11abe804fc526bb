using System.Globalization;
using System.Net;
using FastMlx.Cli;
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

    public static async Task<int> RunAsync(ServerOptions options)
    {
        TimeProvider time = TimeProvider.System;
        await using var log = new StderrLogger(
            options.LogFormat == "json", options.Verbose ? LogLevel.Debug : LogLevel.Information, time, Console.Error);
        try
        {
            using var signals = new StopSignals();
            await using LoadedModel model = await ModelLoader.LoadAsync(options, time, log, signals.Stopping);
            var server = new Server(options, model, time, log);
            await using HttpServer http = Listen(server);
            SayStarted(server, http);
            await signals.WaitAsync();
            ServerLog.Say(log, "Stopping: running answers have 30 s. Press Ctrl+C again to stop at once.");
            await Task.WhenAny(http.StopAsync(Drain), signals.WaitForSecondAsync());
            return ExitCode.Success;
        }
        catch (Exception e) when (IsExpected(e))
        {
            ServerLog.Warn(log, e.Message);
            return ExitCode.Failure;
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
        });
        var router = new RequestRouter(server, access);
        var http = new HttpServer(
            new HttpServerOptions { Host = options.Host, Port = options.Port, FormatError = router.FormatError },
            router.HandleAsync,
            server.Log);
        http.Start();
        return http;
    }

    private static void SayStarted(Server server, HttpServer http)
    {
        LoadedModel model = server.Default;
        foreach (string line in model.Greeting)
            ServerLog.Say(server.Log, line);
        if (server.Options.TrustRemoteCode)
            ServerLog.Say(server.Log, "TRUST_REMOTE_CODE is true: accepted, but FastMlx never runs a model's code.");
        ServerLog.Say(server.Log, string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Name}: {model.Generator.Model.ModelType} on {model.Generator.Model.Backend}, "
            + $"context {model.Generator.ContextLength:N0} tokens, tool calls as {model.Format.Name}."));
        IPEndPoint first = http.LocalEndPoints[0];
        string host = IPAddress.Any.Equals(first.Address) || IPAddress.IPv6Any.Equals(first.Address)
            ? "localhost"
            : first.Address.ToString();
        ServerLog.Say(server.Log, string.Create(
            CultureInfo.InvariantCulture, $"Listening on http://{host}:{first.Port}"));
    }

    private static bool IsExpected(Exception e) =>
        e is OptionsException or LoadException or Hub.ModelFileException or Hub.HubException or Engine.ModelException
            or System.Net.Sockets.SocketException or Chat.Tokenization.TokenizerException
            or Chat.Templates.TemplateException or OperationCanceledException or IOException;
}
