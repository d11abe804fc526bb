namespace FastMlx.Endpoints;

/// <summary>
/// One row of the route table; a pattern that ends in "/*" takes the rest of the path, slashes included.
/// </summary>
internal sealed record Route(string Method, string Pattern, Func<Call, Task> Endpoint)
{
    public bool Matches(string path, out string tail)
    {
        tail = "";
        if (!Pattern.EndsWith("/*", StringComparison.Ordinal))
            return Pattern == path;
        string prefix = Pattern[..^1];
        if (!path.StartsWith(prefix, StringComparison.Ordinal) || path.Length == prefix.Length)
            return false;
        tail = path[prefix.Length..];
        return true;
    }
}
