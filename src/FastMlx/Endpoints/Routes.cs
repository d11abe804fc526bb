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
        new("POST", "/v1/messages/batches", BatchesEndpoint.CreateAsync),
        new("GET", "/v1/messages/batches", BatchesEndpoint.ListAsync),
        new("GET", "/v1/messages/batches/*", BatchesEndpoint.GetAsync),
        new("POST", "/v1/messages/batches/*", BatchesEndpoint.CancelAsync),
        new("DELETE", "/v1/messages/batches/*", BatchesEndpoint.DeleteAsync),
        new("POST", "/v1/chat/completions", ChatCompletionsEndpoint.CreateAsync),
        new("POST", "/v1/completions", CompletionsEndpoint.CreateAsync),
        new("POST", "/v1/embeddings", EmbeddingsEndpoint.CreateAsync),
        new("POST", "/v1/responses", ResponsesEndpoint.CreateAsync),
        new("POST", "/v1/responses/input_tokens", ResponsesEndpoint.CountAsync),
        new("POST", "/v1/responses/compact", ResponsesEndpoint.CompactAsync),
        new("GET", "/v1/responses/*", ResponsesEndpoint.GetAsync),
        new("DELETE", "/v1/responses/*", ResponsesEndpoint.DeleteAsync),
        new("POST", "/v1/responses/*", ResponsesEndpoint.CancelAsync),
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
            || path.StartsWith("/responses/", StringComparison.Ordinal)
                ? "/v1" + path
                : path;
    }

    /// <summary>The route, or null. HEAD finds what GET finds.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="path">The normalised path.</param>
    /// <param name="tail">What follows the route's prefix.</param>
    /// <param name="allowed">Where the path has other routes only: their methods, for an Allow header.</param>
    public static Route? Find(string method, string path, out string tail, out string? allowed)
    {
        tail = "";
        allowed = null;
        string wanted = method == "HEAD" ? "GET" : method;
        SortedSet<string> others = [];
        foreach (Route route in Table)
        {
            if (!route.Matches(path, out string found))
                continue;
            if (route.Method == wanted)
            {
                tail = found;
                return route;
            }

            others.Add(route.Method);
            if (route.Method == "GET")
                others.Add("HEAD");
        }

        allowed = others.Count > 0 ? string.Join(", ", others) : null;
        return null;
    }
}
