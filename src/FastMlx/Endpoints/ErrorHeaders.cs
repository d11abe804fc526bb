using System.Globalization;
using FastMlx.Api;

namespace FastMlx.Endpoints;

/// <summary>The headers by which SDKs decide whether and when to try again.</summary>
internal static class ErrorHeaders
{
    public static IEnumerable<(string Name, string Value)> Of(ApiError error)
    {
        if (error.RetryAfterSeconds is { } seconds)
            yield return ("retry-after", seconds.ToString(CultureInfo.InvariantCulture));
        if (error.ShouldRetry is { } should)
            yield return ("x-should-retry", should ? "true" : "false");
    }
}
