using System.Buffers;

namespace FastMlx.Http;

/// <summary>The byte classes of RFC 9110 and 9112 and RFC 3986.</summary>
internal static class HttpBytes
{
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>RFC 9110 §5.6.2 tchar.</summary>
    public static readonly SearchValues<byte> Token = Of(Alphanumeric + "!#$%&'*+-.^_`|~");

    /// <summary>RFC 3986 pchar, '/', '?', and <see cref="QueryOnly"/>.</summary>
    public static readonly SearchValues<byte> Target = Of(Alphanumeric + "-._~%!$&'()*+,;=:@/?[]{}|^`");

    /// <summary>
    /// What RFC 3986 wants encoded and every client built on the WHATWG URL standard sends as it is in a query. The
    /// brackets also belong to an IPv6 authority.
    /// </summary>
    public static readonly SearchValues<byte> QueryOnly = Of("[]{}|^`");

    /// <summary>RFC 9110 §5.5: tab, space, visible ASCII and obs-text.</summary>
    public static readonly SearchValues<byte> FieldValue = FieldValues();

    /// <summary>Names that resolve; no user info, list or escape belongs in a Host.</summary>
    public static readonly SearchValues<byte> HostName = Of(Alphanumeric + "-._~");

    public static readonly SearchValues<byte> Digit = Of("0123456789");

    /// <summary>The value of a hexadecimal digit, or -1.</summary>
    public static int Hex(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };

    private static SearchValues<byte> Of(string characters)
    {
        var bytes = new byte[characters.Length];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)characters[i];
        return SearchValues.Create(bytes);
    }

    private static SearchValues<byte> FieldValues()
    {
        var bytes = new List<byte> { (byte)'\t' };
        for (int b = 0x20; b <= 0xFF; b++) if (b != 0x7F) bytes.Add((byte)b);
        return SearchValues.Create(bytes.ToArray());
    }
}
