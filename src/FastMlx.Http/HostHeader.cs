using System.Net;
using System.Text;

namespace FastMlx.Http;

/// <summary>
/// The grammar of a host with an optional port (RFC 9110 §7.2), without user info, lists and escapes.
/// </summary>
internal static class HostHeader
{
    private const int NameBytes = 255;

    public static bool IsValid(ReadOnlySpan<byte> value) => Split(value, out _, out _);

    /// <summary>Cuts "name:port"; an IPv6 literal keeps its brackets. The port is -1 where there is none.</summary>
    public static bool Split(ReadOnlySpan<byte> value, out Range name, out int port)
    {
        name = default;
        port = -1;
        int end = value.IndexOf((byte)':');
        if (value.StartsWith("["u8))
        {
            end = value.IndexOf((byte)']') + 1;
            if (end == 0 || !IsIPv6(value[1..(end - 1)])) return false;
        }
        else
        {
            if (end < 0) end = value.Length;
            if (end is 0 or > NameBytes || value[..end].ContainsAnyExcept(HttpBytes.HostName)) return false;
        }
        name = 0..end;
        if (end == value.Length) return true;
        return value[end] == ':' && ReadPort(value[(end + 1)..], out port);
    }

    private static bool ReadPort(ReadOnlySpan<byte> digits, out int port)
    {
        port = -1;
        if (digits.Length is 0 or > 5 || digits.ContainsAnyExcept(HttpBytes.Digit)) return false;
        port = 0;
        foreach (byte digit in digits) port = (port * 10) + (digit - '0');
        return port is > 0 and <= 65535;
    }

    private static bool IsIPv6(ReadOnlySpan<byte> literal)
    {
        Span<char> text = stackalloc char[45];
        if (literal.IsEmpty || literal.Length > text.Length) return false;
        foreach (byte b in literal) if (HttpBytes.Hex(b) < 0 && b is not ((byte)':' or (byte)'.')) return false;
        text = text[..Encoding.ASCII.GetChars(literal, text)];
        return text.Contains(':') && IPAddress.TryParse(text, out _);
    }
}
