using FastMlx.Configuration;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>From the configuration table to the hub's options.</summary>
internal static class HubAccess
{
    public static HubOptions FromEnvironment() => From(ServerOptionsLoader.Load(static _ => null).Hub);

    public static HubOptions From(HubSettings settings) => HubOptions.From(settings.Home, settings.CacheDirectory,
        settings.Endpoint, settings.Token, settings.Offline ? "1" : null, userCache: null,
        userHome: Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
}
