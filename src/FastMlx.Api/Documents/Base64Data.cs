using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace FastMlx.Api;

/// <summary>The bytes of a base64 field; padding may be missing and white space may stand anywhere.</summary>
internal static class Base64Data
{
    public static byte[]? Decode(JsonValue field) => field.IsString ? Decode(field.TextBytes()) : null;

    /// <summary>`data:TYPE;base64,…`, or bare base64.</summary>
    public static byte[]? DecodeUri(JsonValue field, out string mediaType)
    {
        mediaType = "application/octet-stream";
        if (!field.IsString)
            return null;
        byte[] text = field.TextBytes();
        if (!text.AsSpan().StartsWith("data:"u8))
            return Decode(text);
        int comma = text.AsSpan().IndexOf((byte)',');
        if (comma < 0)
            return null;
        mediaType = Encoding.UTF8.GetString(text, 5, comma - 5).Split(';')[0];
        return Decode(text[(comma + 1)..]);
    }

    private static byte[]? Decode(byte[] text)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length) + 3];
        if (Base64.DecodeFromUtf8(text, bytes, out _, out int count) == OperationStatus.Done)
            return bytes[..count];
        byte[] bare = [.. text.AsSpan().TrimEnd("= \r\n"u8)];
        string padding = ((bare.Length - CountBlanks(bare)) % 4) switch { 2 => "==", 3 => "=", _ => "" };
        byte[] padded = [.. bare, .. Encoding.UTF8.GetBytes(padding)];
        return Base64.DecodeFromUtf8(padded, bytes, out _, out count) == OperationStatus.Done ? bytes[..count] : null;
    }

    private static int CountBlanks(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte c in text)
            count += c is (byte)' ' or (byte)'\r' or (byte)'\n' or (byte)'\t' ? 1 : 0;
        return count;
    }
}
