using System.Buffers;
using FastMlx.Api;
using FastMlx.Composition;
using FastMlx.Http;

namespace FastMlx.Endpoints;

/// <summary>
/// From a parsed request to its endpoint: access rules, route, and the mapping of what goes wrong to an error in the
/// envelope of the route's API. A deterministic failure is never a 5xx.
/// </summary>
internal sealed class RequestRouter(Server server, AccessPolicy access)
{
    public async Task HandleAsync(HttpExchange exchange)
    {
        string requestId = server.Ids.Request();
        string path = Routes.Normalise(exchange.Path);
        bool isOpenAi = IsOpenAi(exchange, path);
        exchange.SetHeader(isOpenAi ? "x-request-id" : "request-id", requestId);
        var call = new Call(exchange, server, requestId, path, isOpenAi);
        AccessDecision decision = access.Check(exchange);
        if (!decision.Allowed)
        {
            await call.FailAsync(Refusal(decision.Status, decision.Reason));
            return;
        }

        Route? route = Routes.Find(exchange.Method, path, out string tail, out string? allowed);
        if (route is null)
        {
            if (allowed is not null)
                exchange.SetHeader("Allow", allowed);
            await call.FailAsync(allowed is null
                ? ApiErrors.RouteNotFound(exchange.Method, path)
                : ApiErrors.MethodNotAllowed(exchange.Method, path));
            return;
        }

        if (server.Options.Strict && VersionError(exchange, path) is { } wrongVersion)
        {
            await call.FailAsync(wrongVersion);
            return;
        }

        await RunAsync(route, new Call(exchange, server, requestId, path, isOpenAi)
        {
            Tail = tail,
            Partition = access.PartitionOf(exchange),
        });
    }

    /// <summary>The body of an error that the Http room answers by itself.</summary>
    public HttpErrorBody FormatError(string path, int status, string reason)
    {
        string requestId = server.Ids.Request();
        ApiError error = Refusal(status, reason);
        var body = new ArrayBufferWriter<byte>(256);
        bool isOpenAi = IsOpenAiPath(Routes.Normalise(path));
        if (isOpenAi)
            ErrorBody.WriteOpenAi(body, error);
        else
            ErrorBody.WriteAnthropic(body, error, requestId);
        return new HttpErrorBody(
            "application/json", body.WrittenMemory, [new(isOpenAi ? "x-request-id" : "request-id", requestId)]);
    }

    private async Task RunAsync(Route route, Call call)
    {
        try
        {
            await route.Endpoint(call);
        }
        catch (Exception e) when (e is not HttpRejection and not OperationCanceledException)
        {
            ServerLog.EndpointFailed(server.Log, e, call.RequestId);
            // A stream that has begun must not end as if it were complete.
            if (call.HasResponded)
                call.Exchange.Abort();
            else
                await call.FailAsync(ApiErrors.Internal());
        }
    }

    /// <summary>What the hosted API says of its version header; null where it is right or not needed.</summary>
    private static ApiError? VersionError(HttpExchange exchange, string path)
    {
        if (!path.StartsWith("/v1/messages", StringComparison.Ordinal))
            return null;
        return exchange.Header("anthropic-version") is not { } version ? ApiErrors.VersionHeader()
            : version is "2023-06-01" or "2023-01-01" ? null
            : ApiErrors.VersionHeader(version);
    }

    private static ApiError Refusal(int status, string reason) => status switch
    {
        401 => new ApiError(ApiErrorKind.Authentication, reason),
        403 => new ApiError(ApiErrorKind.Permission, reason),
        404 => new ApiError(ApiErrorKind.NotFound, reason),
        405 => new ApiError(ApiErrorKind.MethodNotAllowed, reason),
        408 => new ApiError(ApiErrorKind.Timeout, reason),
        413 => new ApiError(ApiErrorKind.TooLarge, reason),
        415 => new ApiError(ApiErrorKind.UnsupportedMediaType, reason),
        503 => new ApiError(ApiErrorKind.Unavailable, reason) { RetryAfterSeconds = 1 },
        >= 500 => ApiErrors.Internal(),
        _ => ApiErrors.Invalid(reason),
    };

    /// <summary>Both APIs list models under one path; Anthropic's clients send a version.</summary>
    private static bool IsOpenAi(HttpExchange exchange, string path) =>
        IsOpenAiPath(path)
        || (path.StartsWith("/v1/models", StringComparison.Ordinal) && exchange.Header("anthropic-version") is null);

    private static bool IsOpenAiPath(string path) =>
        path.StartsWith("/v1/chat/", StringComparison.Ordinal)
        || path.StartsWith("/v1/responses", StringComparison.Ordinal)
        || path is "/v1/completions" or "/v1/embeddings";
}
