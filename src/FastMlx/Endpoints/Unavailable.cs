using FastMlx.Api;

namespace FastMlx.Endpoints;

/// <summary>What clients may ask for and this server does not have: said, never ignored.</summary>
internal static class Unavailable
{
    public static ApiError Background(string id) => ApiErrors.Invalid(
        $"Response {id} is not running in the background: end it by closing its connection.", "response_id");
}
