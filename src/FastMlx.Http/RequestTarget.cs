using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace FastMlx.Http;

/// <summary>
/// Reads the request target (RFC 9112 §3.2): origin form, absolute form, and the asterisk of OPTIONS.
/// </summary>
internal static class RequestTarget
{
    /// <summary>
    /// Fills Path and Query; <paramref name="authority"/> is the host of an absolute form, else empty.
    /// </summary>
    public static HttpFault Read(RequestHead head, out Range authority)
    {
        authority = default;
        ReadOnlySpan<byte> target = head.Bytes[head.TargetRange];
        if (target.SequenceEqual("*"u8))
        {
            head.Path = "*";
            return head.Method == "OPTIONS" ? default : HttpFault.Bad("The target * belongs to OPTIONS.");
        }
        if (target[0] != '/')
        {
            ReadOnlySpan<byte> scheme = "http://"u8; // Lower case, as RFC 3986 §3.1 tells senders.
            if (!target.StartsWith(scheme))
                return HttpFault.Bad("The request target is neither a path nor an http address.");
            ReadOnlySpan<byte> rest = target[scheme.Length..];
            int end = rest.IndexOfAny((byte)'/', (byte)'?');
            if (end < 0) end = rest.Length;
            int start = head.TargetRange.Start.Value + scheme.Length;
            authority = start..(start + end);
            if (end == 0) return HttpFault.Bad("The request target has no host.");
            target = rest[end..];
        }
        return ReadPath(head, target);
    }

    private static HttpFault ReadPath(RequestHead head, ReadOnlySpan<byte> target)
    {
        int mark = target.IndexOf((byte)'?');
        ReadOnlySpan<byte> path = mark < 0 ? target : target[..mark];
        if (path.ContainsAny(HttpBytes.QueryOnly))
            return HttpFault.Bad("The request target has a character that must be percent-encoded.");
        ReadOnlySpan<byte> query = mark < 0 ? default : target[(mark + 1)..];
        if (!HasValidEscapes(query)) return HttpFault.Bad("The query has an invalid percent-encoding.");
        head.Query = Encoding.ASCII.GetString(query);
        if (path.IsEmpty)
        {
            head.Path = "/";
            return default;
        }
        string? decoded = path.Contains((byte)'%') ? Decode(path) : Encoding.ASCII.GetString(path);
        if (decoded is null) return HttpFault.Bad("The path has an invalid percent-encoding.");
        head.Path = decoded;
        return default;
    }

    private static bool HasValidEscapes(ReadOnlySpan<byte> text)
    {
        for (int i = text.IndexOf((byte)'%'); i >= 0;)
        {
            if (!Escape(text[i..], out _)) return false;
            int next = text[(i + 3)..].IndexOf((byte)'%');
            i = next < 0 ? -1 : i + 3 + next;
        }
        return true;
    }

    // Decoded once, as UTF-8; control characters have no business in a path and overlong forms are not UTF-8.
    private static string? Decode(ReadOnlySpan<byte> path)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(path.Length);
        int length = 0;
        bool valid = true;
        for (int i = 0; i < path.Length && valid; i++)
        {
            byte b = path[i];
            if (b == '%')
            {
                valid = Escape(path[i..], out b) && b is >= 0x20 and not 0x7F;
                i += 2;
            }
            buffer[length++] = b;
        }
        ReadOnlySpan<byte> decoded = buffer.AsSpan(0, length);
        string? text = valid && Utf8.IsValid(decoded) ? Encoding.UTF8.GetString(decoded) : null;
        ArrayPool<byte>.Shared.Return(buffer);
        return text;
    }

    private static bool Escape(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 3) return false;
        int high = HttpBytes.Hex(text[1]), low = HttpBytes.Hex(text[2]);
        if (high < 0 || low < 0) return false;
        value = (byte)((high << 4) | low);
        return true;
    }
}
