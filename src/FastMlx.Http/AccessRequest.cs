using System.Net;

namespace FastMlx.Http;

/// <summary>What the access rules look at; header values are as received, null where absent.</summary>
public readonly record struct AccessRequest
{
    public required string Method { get; init; }

    public required string Path { get; init; }

    public required IPEndPoint Remote { get; init; }

    public required IPEndPoint Local { get; init; }

    public string? Host { get; init; }

    public string? Origin { get; init; }

    public string? SecFetchSite { get; init; }

    public string? ContentType { get; init; }

    public string? ContentEncoding { get; init; }

    /// <summary>The x-api-key header.</summary>
    public string? ApiKey { get; init; }

    public string? Authorization { get; init; }

    public bool HasBody { get; init; }

    public static AccessRequest From(HttpExchange exchange) => new()
    {
        Method = exchange.Method,
        Path = exchange.Path,
        Remote = exchange.Remote,
        Local = exchange.Local,
        Host = exchange.Header("host"),
        Origin = exchange.Header("origin"),
        SecFetchSite = exchange.Header("sec-fetch-site"),
        ContentType = exchange.Header("content-type"),
        ContentEncoding = exchange.Header("content-encoding"),
        ApiKey = exchange.Header("x-api-key"),
        Authorization = exchange.Header("authorization"),
        HasBody = exchange.HasBody,
    };
}
