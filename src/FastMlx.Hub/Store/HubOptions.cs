namespace FastMlx.Hub;

/// <summary>
/// Where the cache is and how to reach the hub. The environment is read by the executable; <see cref="From"/> turns the
/// values of HF_HOME and its siblings into options, with the defaults that other tools use.
/// </summary>
public sealed record HubOptions
{
    public const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>The folder that holds models--owner--name folders; shared with other tools.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>https, or http for loopback only.</summary>
    public Uri Endpoint { get; init; } = new(DefaultEndpoint);

    public string? Token { get; init; }

    public bool Offline { get; init; }

    /// <param name="hfHome">HF_HOME or null.</param>
    /// <param name="hubCache">HF_HUB_CACHE or null; wins over HF_HOME.</param>
    /// <param name="endpoint">HF_ENDPOINT or null.</param>
    /// <param name="token">HF_TOKEN or null; else the file `token` in HF_HOME, where a login leaves it.</param>
    /// <param name="offline">HF_HUB_OFFLINE or null: 1, true, yes, on.</param>
    /// <param name="userCache">XDG_CACHE_HOME or null.</param>
    /// <param name="userHome">The user's home folder.</param>
    public static HubOptions From(string? hfHome, string? hubCache, string? endpoint, string? token, string? offline,
        string? userCache, string userHome)
    {
        string home = NullIfEmpty(hfHome) is { } given
            ? Expand(given, userHome)
            : Path.Combine(NullIfEmpty(userCache) ?? Path.Combine(userHome, ".cache"), "huggingface");
        string cache = NullIfEmpty(hubCache) is { } hub ? Expand(hub, userHome) : Path.Combine(home, "hub");
        return new HubOptions
        {
            CacheDirectory = Path.GetFullPath(cache),
            Endpoint = ParseEndpoint(NullIfEmpty(endpoint) ?? DefaultEndpoint),
            Token = NullIfEmpty(token) ?? SavedToken(Path.Combine(home, "token")),
            Offline = offline?.Trim().ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON",
        };
    }

    /// <summary>Throws <see cref="HubException"/> for what is not https (or http to loopback).</summary>
    public static Uri ParseEndpoint(string text)
    {
        if (Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? endpoint)
            && endpoint.UserInfo.Length == 0 && endpoint.Query.Length == 0 && endpoint.Fragment.Length == 0
            && (endpoint.Scheme == Uri.UriSchemeHttps || (endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback)))
            return endpoint;
        throw new HubException(HubProblem.Protocol,
            $"HF_ENDPOINT={text} cannot be used: it must be an https address, or http to this machine (127.0.0.1).");
    }

    private static string? SavedToken(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: < 4096 } ? NullIfEmpty(File.ReadAllText(path)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // As without a login: a gated model will say that it needs a token.
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string Expand(string path, string userHome) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Join(userHome, path[1..]) : path;
}
