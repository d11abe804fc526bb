namespace FastMlx.Api;

/// <summary>
/// The sentences of the errors. Several are matched by clients word for word: see the contract's §14.4.
/// </summary>
public static class ApiErrors
{
    public static ApiError Invalid(string message, string? param = null) =>
        new(ApiErrorKind.InvalidRequest, message) { Param = param };

    /// <summary>
    /// The prompt does not fit. Claude Code compacts on exactly this sentence, OpenAI tools on the other one.
    /// </summary>
    public static ApiError PromptTooLong(long tokens, long maximum) =>
        new(ApiErrorKind.ContextExceeded, $"prompt is too long: {tokens} tokens > {maximum} maximum")
        {
            OpenAiMessage = $"This model's maximum context length is {maximum} tokens. "
                + $"However, your messages resulted in {tokens} tokens. Please reduce the length of the messages.",
            Param = "messages",
        };

    /// <summary>Strict only: else max_tokens is clamped to what fits. Claude Code asks again with less.</summary>
    public static ApiError MaxTokensTooLarge(long maxTokens, long maximum, string model) => Invalid(
        $"max_tokens: {maxTokens} > {maximum}, which is the maximum allowed number of output tokens for {model}",
        "max_tokens");

    /// <summary>Strict only, as older models say it: else max_tokens is clamped to what fits.</summary>
    public static ApiError InputAndOutputTooLong(long tokens, long maxTokens, long context) => Invalid(
        $"input length and `max_tokens` exceed context limit: {tokens} + {maxTokens} > {context}, "
        + "decrease input length or `max_tokens` and try again",
        "max_tokens");

    public static ApiError ModelNotFound(string model) =>
        new(ApiErrorKind.ModelNotFound, $"model: {model}")
        {
            OpenAiMessage = $"The model '{model}' does not exist or you do not have access to it.",
            Param = "model",
        };

    public static ApiError RouteNotFound(string method, string path) =>
        new(ApiErrorKind.NotFound, $"Not found: {method} {path}");

    public static ApiError BatchNotFound(string id) => new(ApiErrorKind.NotFound, $"batch: {id}");

    public static ApiError ResponseNotFound(string id) =>
        new(ApiErrorKind.NotFound, $"Response with id '{id}' not found.") { Param = "response_id" };

    public static ApiError MethodNotAllowed(string method, string path) =>
        new(ApiErrorKind.MethodNotAllowed, $"Method {method} is not allowed for {path}");

    public static ApiError KeyRequired() => new(ApiErrorKind.Authentication, "x-api-key header is required")
    {
        OpenAiMessage = "You didn't provide an API key. Send it in a header: Authorization: Bearer YOUR_KEY",
    };

    public static ApiError KeyInvalid() => new(ApiErrorKind.Authentication, "invalid x-api-key")
    {
        OpenAiMessage = "Incorrect API key provided.",
    };

    public static ApiError KeyNotConfigured() => new(
        ApiErrorKind.Authentication,
        "This server answers only its own machine until an API key is set: start it with API_KEY=… and send that key");

    public static ApiError Forbidden(string message) => new(ApiErrorKind.Permission, message);

    public static ApiError TooLarge() => new(ApiErrorKind.TooLarge, "Request exceeds the maximum size");

    public static ApiError ContentType() =>
        new(ApiErrorKind.UnsupportedMediaType, "Content-Type must be application/json");

    public static ApiError RateLimited(int retryAfterSeconds) =>
        new(ApiErrorKind.RateLimited, "Too many requests at once") { RetryAfterSeconds = retryAfterSeconds };

    public static ApiError Overloaded(int retryAfterSeconds) =>
        new(ApiErrorKind.Overloaded, "Overloaded") { RetryAfterSeconds = retryAfterSeconds };

    public static ApiError Loading(int retryAfterSeconds) =>
        new(ApiErrorKind.Unavailable, "The model is still loading") { RetryAfterSeconds = retryAfterSeconds };

    public static ApiError ShuttingDown(int retryAfterSeconds) =>
        new(ApiErrorKind.Unavailable, "The server is shutting down") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Our own fault; the details belong in the log, not here.</summary>
    public static ApiError Internal(bool? shouldRetry = null) =>
        new(ApiErrorKind.Internal, "Internal server error") { ShouldRetry = shouldRetry };

    public static ApiError NoEmbeddings(string model) =>
        Invalid($"The model '{model}' has no embeddings: this server loads generative models only.", "model");

    public static ApiError VersionHeader() => Invalid("anthropic-version: header is required");

    public static ApiError VersionHeader(string version) =>
        Invalid($"anthropic-version: \"{version}\" is not a valid version");

    public static ApiError BatchNotEnded(string id) =>
        Invalid($"Batch {id} has not ended yet: its results cannot be read and it cannot be deleted.");
}
