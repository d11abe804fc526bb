using FastMlx.Api;
using FastMlx.Pages;

namespace FastMlx.Endpoints;

/// <summary>
/// The route table. OpenAI's routes also answer without /v1, since many tools take a base URL without it; a doubled
/// /v1 and a trailing slash are forgiven.
/// </summary>
internal static class Routes
{
    private static readonly Route[] Table =
    [
        new("POST", "/v1/messages", MessagesEndpoint.CreateAsync),
        new("POST", "/v1/messages/count_tokens", MessagesEndpoint.CountAsync),
        new("POST", "/v1/chat/completions", ChatCompletionsEndpoint.CreateAsync, IsOpenAi: true),
        new("GET", "/v1/models", ModelsEndpoint.ListAsync),
        new("GET", "/v1/models/*", ModelsEndpoint.GetAsync),
        new("GET", "/health", StatusEndpoints.HealthAsync),
        new("GET", "/stats", StatusEndpoints.StatsAsync),
        new("GET", "/metrics", StatusEndpoints.MetricsAsync),
        new("GET", "/", StatusPage.ShowAsync),
        new("GET", "/api/hello", StatusEndpoints.HelloAsync),
    ];

    public static string Normalise(string path)
    {
        if (path.StartsWith("/v1/v1/", StringComparison.Ordinal))
            path = path["/v1".Length..];
        if (path.Length > 1 && path[^1] == '/')
            path = path[..^1];
        return path is "/chat/completions" or "/completions" or "/models" or "/responses" or "/embeddings"
            || path.StartsWith("/models/", StringComparison.Ordinal)
                ? "/v1" + path
                : path;
    }

    /// <summary>The route, or the error for it. HEAD finds what GET finds.</summary>
    public static Route? Find(string method, string path, out string tail, out ApiError? error)
    {
        tail = "";
        error = null;
        string wanted = method == "HEAD" ? "GET" : method;
        bool isPathKnown = false;
        foreach (Route route in Table)
        {
            if (!route.Matches(path, out string found))
                continue;
            isPathKnown = true;
            if (route.Method != wanted)
                continue;
            tail = found;
            return route;
        }

        error = isPathKnown ? ApiErrors.MethodNotAllowed(method, path) : ApiErrors.RouteNotFound(method, path);
        return null;
    }
}
