namespace FastMlx.Api;

/// <summary>What went wrong, in the classes that both wire APIs can express.</summary>
public enum ApiErrorKind
{
    InvalidRequest,
    Authentication,
    Billing,
    Permission,
    NotFound,
    ModelNotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    ContextExceeded,
    RateLimited,
    Internal,
    Unavailable,
    Timeout,
    Overloaded,
}
