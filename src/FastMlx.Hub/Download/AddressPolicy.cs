using System.Net;
using System.Net.Sockets;

namespace FastMlx.Hub;

/// <summary>
/// Where a download may go. The configured endpoint is trusted as it stands; where it sends us must be https on a
/// public address, so that a hub (or who poses as one) cannot make this machine talk to its own network. An endpoint
/// that is http on loopback (a mirror here, a test) may send us to loopback, and no further.
/// </summary>
internal static class AddressPolicy
{
    /// <summary>Null where the target is allowed, else the reason why not. Names are resolved later.</summary>
    public static string? Refuse(Uri endpoint, Uri target)
    {
        if (!target.IsAbsoluteUri)
            return "is not a whole address";
        if (target.UserInfo.Length > 0)
            return "carries a user name";
        if (IsSameOrigin(endpoint, target))
            return null;
        bool local = IsLocal(endpoint);
        if (target.Scheme != Uri.UriSchemeHttps && !(local && target.Scheme == Uri.UriSchemeHttp && target.IsLoopback))
            return "is not https";
        if (IPAddress.TryParse(target.IdnHost, out IPAddress? address))
            return MayConnect(endpoint, target.IdnHost, address) ? null : "is an address of a private network";
        return target.IsLoopback && !local ? "is this machine" : null;
    }

    /// <summary>Asked with each address that a name resolved to, just before connecting to that very address.</summary>
    public static bool MayConnect(Uri endpoint, string host, IPAddress address) =>
        string.Equals(host, endpoint.IdnHost, StringComparison.OrdinalIgnoreCase)
        || IsPublic(address)
        || (IsLocal(endpoint) && IPAddress.IsLoopback(address));

    public static bool IsSameOrigin(Uri a, Uri b) =>
        a.Scheme == b.Scheme && a.Port == b.Port
        && string.Equals(a.IdnHost, b.IdnHost, StringComparison.OrdinalIgnoreCase);

    public static bool IsLocal(Uri endpoint) => endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback;

    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return IsPublicV4(address.GetAddressBytes());
        byte[] bytes = address.GetAddressBytes();
        // Global unicast is 2000::/3; what translates to or tunnels v4 is judged by that address.
        if ((bytes[0] & 0xE0) != 0x20)
            return bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
                && IsPublicV4(bytes[12..]);
        if (bytes[0] == 0x20 && bytes[1] == 0x02)
            return IsPublicV4(bytes[2..6]);
        bool special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02; // Teredo, ORCHID, benchmarking.
        bool documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8;
        return !special && !documentation;
    }

    private static bool IsPublicV4(byte[] b) => b[0] switch
    {
        0 or 10 or 127 or >= 224 => false,
        100 => b[1] is < 64 or > 127,
        169 => b[1] != 254,
        172 => b[1] is < 16 or > 31,
        192 => b[1] != 168 && !(b[1] == 0 && b[2] is 0 or 2) && !(b[1] == 88 && b[2] == 99),
        198 => b[1] is not (18 or 19) && !(b[1] == 51 && b[2] == 100),
        203 => !(b[1] == 0 && b[2] == 113),
        _ => true,
    };
}
