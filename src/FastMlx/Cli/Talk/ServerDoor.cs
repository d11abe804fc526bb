using System.CommandLine;
using System.Globalization;
using FastMlx.Composition;
using FastMlx.Configuration;

namespace FastMlx.Cli.Talk;

/// <summary>A server to talk to: one that was found running, or our own, which ends with this.</summary>
internal sealed class ServerDoor : IAsyncDisposable
{
    private readonly OwnServer? _own;

    private ServerDoor(ServerClient client, ServerFacts facts, string model, OwnServer? own)
    {
        Client = client;
        Facts = facts;
        Model = model;
        _own = own;
    }

    public ServerClient Client { get; }

    public ServerFacts Facts { get; }

    /// <summary>Which of the server's models is meant: the one that was named, else its main one.</summary>
    public string Model { get; }

    public bool IsOwn => _own is not null;

    public string? LogPath => _own?.LogPath;

    /// <summary>Only a server that runs already; for verbs that must not start one.</summary>
    public static async Task<ServerDoor> FindAsync(ServerOptions options, CancellationToken cancellation)
    {
        string url = ServerAddress.Of(options);
        var client = new ServerClient(url, options.ApiKey);
        ServerPresence presence = await client.LookAsync(cancellation);
        if (presence == ServerPresence.Ready)
        {
            ServerFacts facts = await client.FactsAsync(cancellation);
            return new ServerDoor(client, facts, facts.Model, own: null);
        }

        client.Dispose();
        throw new CliException(ExitCode.Network, presence switch
        {
            ServerPresence.Nobody => $"No server answers on {url}. Start one with: fastmlx serve",
            ServerPresence.Unready => $"The server on {url} cannot serve at the moment: see {url}/health",
            _ => $"What answers on {url} is not FastMlx. Use --port for another port.",
        });
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="flags">Its settings; what was given goes to a server of our own.</param>
    /// <param name="say">Hears what is done, a sentence at a time.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<ServerDoor> OpenAsync(
        ParseResult parsed, OptionFlags flags, TextWriter say, CancellationToken cancellation)
    {
        ServerOptions options = flags.Load(parsed);
        string url = ServerAddress.Of(options);
        int port = options.Port;
        if (port != 0)
        {
            var client = new ServerClient(url, options.ApiKey);
            ServerPresence presence = await client.LookAsync(cancellation);
            if (presence == ServerPresence.Ready)
            {
                ServerFacts facts = await client.FactsAsync(cancellation);
                string[] wanted = Wanted(options, flags.IsGiven(parsed, "--model"));
                if (wanted.All(facts.Models.ContainsKey))
                {
                    string model = wanted.FirstOrDefault(facts.Model);
                    await say.WriteLineAsync(
                        $"fastmlx: using the server on {url}, which serves {model}.{Unused(flags, parsed)}");
                    return new ServerDoor(client, facts, model, own: null);
                }

                await say.WriteLineAsync($"fastmlx: the server on {url} serves {facts.Model}; starting another.");
            }

            client.Dispose();
            // The port is taken: any free one will do.
            if (presence != ServerPresence.Nobody)
                port = 0;
        }

        return await StartAsync(options, flags.GivenFlags(parsed), port, say, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_own is not null)
            await _own.DisposeAsync();
    }

    private static async Task<ServerDoor> StartAsync(
        ServerOptions options, IReadOnlyList<(string Flag, string Value)> given, int port, TextWriter say,
        CancellationToken cancellation)
    {
        List<string> arguments = [];
        foreach ((string flag, string value) in given.Where(f => f.Flag is not ("--port" or "--host")))
            arguments.AddRange([flag, value]);
        // It is ours alone, so it need not listen to the network.
        string host = options.Host is "0.0.0.0" or "::" ? "127.0.0.1" : options.Host;
        arguments.AddRange(["--host", host, "--port", port.ToString(CultureInfo.InvariantCulture)]);
        await say.WriteLineAsync($"fastmlx: starting a server for {ModelLoader.NameOf(options)} …");
        OwnServer own = await OwnServer.StartAsync(arguments, options.HomeDirectory, say, cancellation);
        var client = new ServerClient(own.BaseUrl, options.ApiKey);
        try
        {
            ServerFacts facts = await client.FactsAsync(cancellation);
            return new ServerDoor(client, facts, facts.Model, own);
        }
        catch
        {
            client.Dispose();
            await own.DisposeAsync();
            throw;
        }
    }

    private static string[] Wanted(ServerOptions options, bool isGiven) =>
        isGiven ? [ModelLoader.NameOf(options), .. options.FurtherModels.Select(ModelLoader.NameOf)] : [];

    private static string Unused(OptionFlags flags, ParseResult parsed)
    {
        string[] unused = [.. flags.GivenFlags(parsed).Select(f => f.Flag)
            .Where(f => f is not ("--host" or "--port" or "--model"))];
        return unused.Length == 0 ? "" : $" It runs already, so {string.Join(", ", unused)} changes nothing.";
    }
}
