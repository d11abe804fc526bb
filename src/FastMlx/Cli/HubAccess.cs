using FastMlx.Configuration;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>From the configuration to the hub's options.</summary>
internal static class HubAccess
{
    public static HubOptions FromEnvironment() => From(ServerOptionsLoader.Load(static _ => null));

    public static HubOptions From(ServerOptions options) => HubOptions.From(
        options.Hub.Home,
        options.Hub.CacheDirectory,
        options.Hub.Endpoint,
        options.Hub.Token,
        options.Hub.Offline ? "1" : null,
        userCache: null,
        userHome: options.Surroundings.UserHome);
}
