namespace FastMlx.Api;

/// <summary>
/// A failed request as a value: status and words for both wire APIs. The words are for people, and some of them are
/// matched by clients (anthropic-messages-api.md §14.4), so they are made in <see cref="ApiErrors"/> only.
/// </summary>
public sealed record ApiError(ApiErrorKind Kind, string Message)
{
    /// <summary>The sentence on OpenAI routes where it differs.</summary>
    public string? OpenAiMessage { get; init; }

    /// <summary>The field at fault, in OpenAI's envelope.</summary>
    public string? Param { get; init; }

    /// <summary>Overrides the kind's code in OpenAI's envelope.</summary>
    public string? OpenAiCode { get; init; }

    /// <summary>Seconds for a `retry-after` header, or null.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>
    /// For an `x-should-retry` header: false where a retry cannot help although the status suggests it.
    /// </summary>
    public bool? ShouldRetry { get; init; }

    public int Status => ApiErrorTable.Of(Kind).Status;

    /// <summary>`error.type` of Anthropic's envelope.</summary>
    public string Type => ApiErrorTable.Of(Kind).Type;

    public string OpenAiType => ApiErrorTable.Of(Kind).OpenAiType;

    public string? Code => OpenAiCode ?? ApiErrorTable.Of(Kind).OpenAiCode;
}
