using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads {"String": …} and {"Regex": …}.</summary>
internal static class PatternReader
{
    public static CutPattern Read(JsonFields fields)
    {
        JsonElement element = fields.Get("pattern");
        if (element.ValueKind == JsonValueKind.Object)
        {
            if (element.TryGetProperty("String", out JsonElement text) && text.ValueKind == JsonValueKind.String)
                return new LiteralPattern(text.GetString()!);
            if (element.TryGetProperty("Regex", out JsonElement regex) && regex.ValueKind == JsonValueKind.String)
                return OfRegex(regex.GetString()!);
        }
        throw fields.Wrong("pattern", "a String or a Regex");
    }

    private static CutPattern OfRegex(string pattern) => KnownPatterns.Find(pattern) ?? new RegexPattern(pattern);
}
