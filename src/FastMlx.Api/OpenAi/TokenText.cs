using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace FastMlx.Api;

/// <summary>
/// Names of tokens in log-probabilities: their text, or, where they are part of a character, their bytes in the
/// spelling of OpenAI's two APIs, so that different tokens never have one name.
/// </summary>
internal static class TokenText
{
    public static string InChat(ReadOnlySpan<byte> bytes) => Of(bytes, "");

    public static string InCompletions(ReadOnlySpan<byte> bytes) => Of(bytes, "bytes:");

    /// <summary>Characters that begin in these bytes.</summary>
    public static int Characters(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        foreach (byte value in bytes)
            count += (value & 0xC0) == 0x80 ? 0 : 1;
        return count;
    }

    private static string Of(ReadOnlySpan<byte> bytes, string head)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder(head);
        foreach (byte value in bytes)
            text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        return text.ToString();
    }
}
