namespace FastMlx.Api;

/// <summary>The one table of statuses and types.</summary>
internal static class ApiErrorTable
{
    internal readonly record struct Row(int Status, string Type, string OpenAiType, string? OpenAiCode);

    public static Row Of(ApiErrorKind kind) => kind switch
    {
        ApiErrorKind.InvalidRequest => new(400, "invalid_request_error", "invalid_request_error", null),
        ApiErrorKind.ContextExceeded =>
            new(400, "invalid_request_error", "invalid_request_error", "context_length_exceeded"),
        ApiErrorKind.Authentication => new(401, "authentication_error", "invalid_request_error", "invalid_api_key"),
        ApiErrorKind.Billing => new(402, "billing_error", "insufficient_quota", "insufficient_quota"),
        ApiErrorKind.Permission => new(403, "permission_error", "permission_error", null),
        ApiErrorKind.NotFound => new(404, "not_found_error", "invalid_request_error", "not_found"),
        ApiErrorKind.ModelNotFound => new(404, "not_found_error", "invalid_request_error", "model_not_found"),
        ApiErrorKind.MethodNotAllowed =>
            new(405, "invalid_request_error", "invalid_request_error", "method_not_supported"),
        ApiErrorKind.Conflict => new(409, "conflict_error", "invalid_request_error", "conflict"),
        ApiErrorKind.TooLarge => new(413, "request_too_large", "invalid_request_error", "request_too_large"),
        ApiErrorKind.UnsupportedMediaType =>
            new(415, "invalid_request_error", "invalid_request_error", "unsupported_media_type"),
        ApiErrorKind.RateLimited => new(429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded"),
        ApiErrorKind.Unavailable => new(503, "overloaded_error", "server_error", "unavailable"),
        ApiErrorKind.Timeout => new(504, "timeout_error", "server_error", "timeout"),
        ApiErrorKind.Overloaded => new(529, "overloaded_error", "server_error", "overloaded"),
        _ => new(500, "api_error", "server_error", null),
    };
}
