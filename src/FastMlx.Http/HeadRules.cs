using System.Text;
using System.Text.Unicode;

namespace FastMlx.Http;

/// <summary>
/// What a well-formed head must also satisfy: usable method and target, one valid Host, unambiguous framing. Fills
/// the second half of <see cref="RequestHead"/>.
/// </summary>
internal static class HeadRules
{
    public static HttpFault Check(RequestHead head, HttpLimits limits)
    {
        Range authority = default;
        HttpFault fault = CheckMethod(head);
        if (!fault.Any) fault = RequestTarget.Read(head, out authority);
        if (!fault.Any) fault = CheckHost(head, authority);
        if (!fault.Any) fault = CheckFraming(head, limits);
        if (!fault.Any) fault = CheckConnection(head);
        if (!fault.Any) fault = CheckFields(head);
        return fault;
    }

    private static HttpFault CheckMethod(RequestHead head)
    {
        ReadOnlySpan<byte> method = head.Bytes[head.MethodRange];
        head.Method = method.Length switch
        {
            3 when method.SequenceEqual("GET"u8) => "GET",
            3 when method.SequenceEqual("PUT"u8) => "PUT",
            4 when method.SequenceEqual("POST"u8) => "POST",
            4 when method.SequenceEqual("HEAD"u8) => "HEAD",
            5 when method.SequenceEqual("PATCH"u8) => "PATCH",
            6 when method.SequenceEqual("DELETE"u8) => "DELETE",
            7 when method.SequenceEqual("OPTIONS"u8) => "OPTIONS",
            _ => Encoding.ASCII.GetString(method),
        };
        // What it says is the handler's to judge, but these two change what the connection is.
        bool refused = head.Method is "CONNECT" or "TRACE";
        return refused ? new HttpFault(501, "The method is not supported.") : default;
    }

    private static HttpFault CheckHost(RequestHead head, Range authority)
    {
        int count = 0;
        ReadOnlySpan<byte> host = default;
        foreach (ref readonly HeaderField field in head.Fields)
        {
            if (!Is(head, field, "host"u8)) continue;
            count++;
            host = head.Value(field);
        }
        if (count > 1) return HttpFault.Bad("There is more than one Host.");
        if (count == 0 && head.MinorVersion == 1) return HttpFault.Bad("The request has no Host.");
        if (count == 1 && !HostHeader.IsValid(host)) return HttpFault.Bad("The Host is not valid.");
        ReadOnlySpan<byte> named = head.Bytes[authority];
        if (named.IsEmpty) return default;
        if (!HostHeader.IsValid(named)) return HttpFault.Bad("The request target's host is not valid.");
        // To the letter: no client writes its one host in two ways, and rules about equality differ.
        bool same = count == 0 || named.SequenceEqual(host);
        return same ? default : HttpFault.Bad("The request target and Host name different hosts.");
    }

    private static HttpFault CheckFraming(RequestHead head, HttpLimits limits)
    {
        bool length = false, coding = false;
        foreach (ref readonly HeaderField field in head.Fields)
        {
            bool isLength = Is(head, field, "content-length"u8);
            if (!isLength && !Is(head, field, "transfer-encoding"u8)) continue;
            if (field.OddSpace) return HttpFault.Bad("A framing field has unusual white space.");
            if (isLength ? length : coding) return HttpFault.Bad("A framing field is there twice.");
            HttpFault fault = isLength ? ReadLength(head, field) : ReadCoding(head, field);
            if (fault.Any) return fault;
            if (isLength) length = true;
            else coding = true;
        }
        if (length && coding) return HttpFault.Bad("Content-Length and Transfer-Encoding exclude each other.");
        if (head.MinorVersion == 0)
        {
            if (coding) return HttpFault.Bad("HTTP/1.0 has no Transfer-Encoding.");
            bool bodied = head.Method is "POST" or "PUT" or "PATCH";
            if (bodied && !length) return HttpFault.Bad("HTTP/1.0 needs a Content-Length.");
        }
        bool tooLarge = head.ContentLength > limits.BodyBytes;
        return tooLarge ? TooLarge(limits) : default;
    }

    public static HttpFault TooLarge(HttpLimits limits) =>
        new(413, $"The request body is larger than {limits.BodyBytes} bytes.");

    // Digits only, no sign, list or leading zero: what two parsers could read differently is refused.
    private static HttpFault ReadLength(RequestHead head, in HeaderField field)
    {
        ReadOnlySpan<byte> digits = head.Value(field);
        bool valid = digits.Length is > 0 and <= 18 && !digits.ContainsAnyExcept(HttpBytes.Digit)
            && (digits.Length == 1 || digits[0] != '0');
        if (!valid) return HttpFault.Bad("Content-Length is not a valid number.");
        long value = 0;
        foreach (byte digit in digits) value = (value * 10) + (digit - '0');
        head.ContentLength = value;
        return default;
    }

    private static HttpFault ReadCoding(RequestHead head, in HeaderField field)
    {
        ReadOnlySpan<byte> coding = head.Value(field);
        head.Chunked = Ascii.EqualsIgnoreCase(coding, "chunked"u8);
        if (head.Chunked) return default;
        bool known = Ascii.EqualsIgnoreCase(coding, "gzip, chunked"u8)
            || Ascii.EqualsIgnoreCase(coding, "deflate, chunked"u8)
            || Ascii.EqualsIgnoreCase(coding, "compress, chunked"u8);
        return known
            ? new HttpFault(501, "Of the transfer codings only chunked is supported.")
            : HttpFault.Bad("Transfer-Encoding must be chunked.");
    }

    private static HttpFault CheckConnection(RequestHead head)
    {
        bool close = false, keep = false;
        foreach (ref readonly HeaderField field in head.Fields)
        {
            ReadOnlySpan<byte> value = head.Value(field);
            if (Is(head, field, "connection"u8))
            {
                foreach (Range part in value.Split((byte)','))
                {
                    ReadOnlySpan<byte> option = value[part].Trim(" \t"u8);
                    close |= Ascii.EqualsIgnoreCase(option, "close"u8);
                    keep |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
                }
            }
            else if (head.MinorVersion == 1 && Is(head, field, "expect"u8))
            {
                if (!Ascii.EqualsIgnoreCase(value, "100-continue"u8))
                    return new HttpFault(417, "Of the expectations only 100-continue is supported.");
                head.ExpectContinue = true;
            }
        }
        head.KeepAlive = !close && (head.MinorVersion == 1 || keep);
        return default;
    }

    // Some gateways turn "_" into "-", which makes Content_Length a second truth; a second Content-Type is one too.
    // Bytes beyond ASCII have no meaning in RFC 9110; here they are UTF-8, so that every reader sees the same text.
    private static HttpFault CheckFields(RequestHead head)
    {
        if (!Utf8.IsValid(head.Bytes)) return HttpFault.Bad("A field value is not valid UTF-8.");
        int types = 0;
        foreach (ref readonly HeaderField field in head.Fields)
        {
            if (Is(head, field, "content-type"u8) && ++types > 1) return HttpFault.Bad("Content-Type is there twice.");
            if (Is(head, field, "content_length"u8) || Is(head, field, "transfer_encoding"u8))
                return HttpFault.Bad("A field name looks like a framing field.");
        }
        return default;
    }

    private static bool Is(RequestHead head, in HeaderField field, ReadOnlySpan<byte> name) =>
        field.NameLength == name.Length && Ascii.EqualsIgnoreCase(head.Name(field), name);
}
