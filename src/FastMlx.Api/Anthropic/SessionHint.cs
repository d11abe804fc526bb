using System.Text;
using System.Text.Json;

namespace FastMlx.Api;

/// <summary>Finds Claude Code's session id in metadata.user_id.</summary>
internal static class SessionHint
{
    private const string OldMark = "_session_";

    /// <summary>
    /// Null where the text is neither the JSON of today's client nor the `…_session_ID` of older ones.
    /// </summary>
    public static string? Of(string? userId)
    {
        if (userId is null)
            return null;
        if (!userId.StartsWith('{'))
        {
            int at = userId.LastIndexOf(OldMark, StringComparison.Ordinal);
            return at < 0 ? null : NullIfEmpty(userId[(at + OldMark.Length)..]);
        }
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(userId));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("session_id"u8))
                    return reader.Read() && reader.TokenType == JsonTokenType.String
                        ? NullIfEmpty(reader.GetString()) : null;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A hint that is no JSON is no hint.
        }
        return null;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
