using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace FastMlx.Http;

/// <summary>
/// Decides, before routing and for every path, whether a request may be served. Host stops DNS rebinding, Origin and
/// Sec-Fetch-Site stop web pages that call a local server, Content-Type stops forms, the key stops the network. Pure;
/// any thread.
/// </summary>
public sealed class AccessPolicy
{
    private const string Bearer = "Bearer ";

    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    private readonly AccessOptions _options;
    private readonly byte[][] _keyHashes;

    public AccessPolicy(AccessOptions options)
    {
        _options = options;
        IEnumerable<string> first = string.IsNullOrEmpty(options.ApiKey) ? [] : [options.ApiKey];
        _keyHashes = [.. first.Concat(options.MoreApiKeys).Select(Hash)];
    }

    /// <summary>
    /// Tells apart whose request it is: requests of different partitions must not share state. 0 where there is one key
    /// or none, and for a request without one of ours.
    /// </summary>
    public ulong PartitionOf(HttpExchange exchange)
    {
        if (_keyHashes.Length < 2) return 0;
        AccessRequest request = AccessRequest.From(exchange);
        byte[]? key = KeyOf(request.ApiKey) ?? KeyOf(BearerOf(request.Authorization));
        return key is null ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(key);
    }

    public AccessDecision Check(HttpExchange exchange) => Check(AccessRequest.From(exchange));

    public AccessDecision Check(in AccessRequest request)
    {
        if (!IsOurHost(request)) return new(403, "The Host header does not name this server.");
        if (!IsOurPage(request)) return new(403, "Web pages of other origins may not call this server.");
        AccessDecision key = CheckKey(request);
        return key.Allowed ? CheckContent(request) : key;
    }

    private bool IsOurHost(in AccessRequest request)
    {
        if (request.Host is not { } host) return false;
        byte[] bytes = Encoding.UTF8.GetBytes(host);
        if (!HostHeader.Split(bytes, out Range range, out int port)) return false;
        ReadOnlySpan<char> name = host.AsSpan(range);
        bool ourPort = (port < 0 ? 80 : port) == request.Local.Port;
        foreach (string known in LoopbackNames) if (ourPort && Equal(name, known)) return true;
        foreach (string known in _options.HostNames)
            if (Equal(host, known) || (ourPort && Equal(name, known))) return true;
        return ourPort && !IPAddress.IsLoopback(request.Remote.Address) && IsAddress(name, request.Local.Address);
    }

    private static bool IsAddress(ReadOnlySpan<char> name, IPAddress address)
    {
        if (name.StartsWith("[")) name = name[1..^1];
        // Only the one usual spelling: 127.1 and 0x7f000001 are ways around checks, not addresses that people type.
        return IPAddress.TryParse(name, out IPAddress? named)
            && (named.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 || Equal(name, named.ToString()))
            && named.GetAddressBytes().AsSpan().SequenceEqual(address.GetAddressBytes());
    }

    private bool IsOurPage(in AccessRequest request)
    {
        if (request.Origin is { } origin)
        {
            foreach (string allowed in _options.Origins) if (Equal(origin, allowed)) return true;
            if (!Equal(origin, "http://" + request.Host) && !Equal(origin, "https://" + request.Host)) return false;
        }
        return request.SecFetchSite is null or "none" or "same-origin";
    }

    private AccessDecision CheckKey(in AccessRequest request)
    {
        bool local = IPAddress.IsLoopback(request.Remote.Address);
        if (local && !(_options.LoopbackNeedsKey && _keyHashes.Length > 0)) return AccessDecision.Allow;
        if (request.Path == "/health" && request.Method is "GET" or "HEAD") return AccessDecision.Allow;
        if (_keyHashes.Length == 0)
        {
            return new(401, "This server has no API key, so it only answers clients on its own machine. "
                + "Set API_KEY to let others in.");
        }
        // The status page holds nothing, and asks for the key by itself.
        if (request.Path == "/" && request.Method is "GET" or "HEAD") return AccessDecision.Allow;
        // Both are always compared, so that the time does not tell which one was nearly right.
        byte[]? byKey = KeyOf(request.ApiKey);
        byte[]? byBearer = KeyOf(BearerOf(request.Authorization));
        if (byKey is not null || byBearer is not null) return AccessDecision.Allow;
        bool sent = request.ApiKey is not null || request.Authorization is not null;
        return new(401, sent ? "invalid x-api-key" : "x-api-key header is required");
    }

    private static AccessDecision CheckContent(in AccessRequest request)
    {
        bool encoded = request.ContentEncoding is { } coding && !Equal(coding, "identity");
        if (encoded) return new(415, "The request body must not be compressed (Content-Encoding).");
        if (request.Method is not ("POST" or "PUT" or "PATCH")) return AccessDecision.Allow;
        if (request.ContentType is null && !request.HasBody) return AccessDecision.Allow;
        ReadOnlySpan<char> type = request.ContentType;
        int end = type.IndexOf(';');
        if (end >= 0) type = type[..end];
        bool json = Equal(type.TrimEnd(" \t"), "application/json");
        return json ? AccessDecision.Allow : new(415, "The Content-Type must be application/json.");
    }

    // The hash of the key that this is. All are compared, whichever it is.
    private byte[]? KeyOf(string? candidate)
    {
        byte[] hash = Hash(candidate ?? "");
        byte[]? found = null;
        foreach (byte[] key in _keyHashes)
            if (CryptographicOperations.FixedTimeEquals(hash, key)) found = key;
        return candidate is null ? null : found;
    }

    private static string? BearerOf(string? authorization) =>
        authorization is not null && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim(' ') : null;

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static bool Equal(ReadOnlySpan<char> a, ReadOnlySpan<char> b) =>
        a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
