namespace FastMlx.Configuration;

/// <summary>
/// The one place that reads the environment. Order: defaults, then <c>.env</c> in the working directory, then the
/// environment, then flags; an empty value is no value.
/// </summary>
internal static class ServerOptionsLoader
{
    /// <exception cref="OptionsException">A wrong value: its name, the value and what is allowed.</exception>
    public static ServerOptions Load(Func<Setting, string?> flag)
    {
        string dotEnv = Path.Combine(Directory.GetCurrentDirectory(), ".env");
        Dictionary<string, string> file = File.Exists(dotEnv) ? DotEnv.Parse(File.ReadAllText(dotEnv)) : [];
        return Load(file, Environment.GetEnvironmentVariable, flag);
    }

    /// <summary>With no setting at all, for who must go on where one is wrong.</summary>
    public static ServerOptions Defaults() => WithFolders(new ServerOptions(), Environment.GetEnvironmentVariable);

    internal static ServerOptions Load(
        IReadOnlyDictionary<string, string> file, Func<string, string?> environment, Func<Setting, string?> flag)
    {
        var options = new ServerOptions();
        foreach (Setting setting in Settings.All)
        {
            (string? value, string source) = flag(setting) is { } given ? (given, setting.Flag)
                : environment(setting.Name) is { Length: > 0 } variable ? (variable, setting.Name)
                : file.GetValueOrDefault(setting.Name) is { Length: > 0 } line ? (line, setting.Name + " in .env")
                : (null, "");
            if (value is null)
                continue;
            options = setting.Apply(options, value)
                ?? throw new OptionsException($"{source} is '{Shown(setting, value)}' but must be {setting.Allowed}.");
        }

        return WithFolders(options, environment);
    }

    private static string Shown(Setting setting, string value) =>
        setting.Name is "API_KEY" or "HF_TOKEN" ? "(hidden)" : value;

    private static ServerOptions WithFolders(ServerOptions options, Func<string, string?> environment)
    {
        string cache = environment("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(UserHome(environment), ".cache");
        string home = options.HomeDirectory.Length > 0 ? options.HomeDirectory : Path.Combine(cache, "fastmlx");
        HubSettings hub = options.Hub;
        string hubHome = hub.Home ?? Path.Combine(cache, "huggingface");
        return options with
        {
            HomeDirectory = home,
            Surroundings = new Surroundings
            {
                SearchPath = (environment("PATH") ?? "").Split(
                    Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
                UserHome = UserHome(environment),
                NotifySocket = environment("NOTIFY_SOCKET") is { Length: > 0 } socket ? socket : null,
                IsColourless = environment("NO_COLOR") is { Length: > 0 },
            },
            DiskCacheDirectory = options.DiskCacheDirectory switch
            {
                null => Path.Combine(home, "prefix-cache"),
                "off" => null,
                string folder => folder,
            },
            Hub = hub with { Home = hubHome, CacheDirectory = hub.CacheDirectory ?? Path.Combine(hubHome, "hub") },
        };
    }

    private static string UserHome(Func<string, string?> environment) =>
        environment("HOME") is { Length: > 0 } home ? home : Path.GetTempPath();
}
