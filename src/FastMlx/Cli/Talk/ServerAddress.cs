using System.Globalization;
using FastMlx.Configuration;

namespace FastMlx.Cli.Talk;

/// <summary>Where this machine reaches a server with these options.</summary>
internal static class ServerAddress
{
    public static string Of(ServerOptions options) => Of(options.Host, options.Port);

    public static string Of(string host, int port)
    {
        // A server that listens everywhere is reached on loopback, where no key is needed.
        string name = host switch
        {
            "0.0.0.0" or "localhost" => "127.0.0.1",
            "::" => "[::1]",
            _ => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host,
        };
        return string.Create(CultureInfo.InvariantCulture, $"http://{name}:{port}");
    }
}
