using System.Text.Json;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>
/// A tokenizer.json whose merges are what a list of ranks means: every way to put a token together from two others, in
/// the order of the token's rank.
/// </summary>
internal static class RankedTokenizer
{
    public static HfTokenizer Of(string tokenizerJson, IReadOnlyList<string> tokens)
    {
        var ranks = new Dictionary<string, int>();
        for (int id = 0; id < tokens.Count; id++)
            ranks[tokens[id]] = id;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(tokenizerJson));
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            foreach (JsonProperty property in document.RootElement.EnumerateObject().Where(p => p.Name != "model"))
                property.WriteTo(writer);
            writer.WriteStartObject("model");
            foreach (JsonProperty property in document.RootElement.GetProperty("model").EnumerateObject()
                .Where(p => p.Name is not ("merges" or "ignore_merges")))
                property.WriteTo(writer);
            writer.WriteStartArray("merges");
            foreach ((string left, string right) in tokens.SelectMany(token => Splits(token, ranks)))
            {
                writer.WriteStartArray();
                writer.WriteStringValue(left);
                writer.WriteStringValue(right);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return HfTokenizer.Load(output.ToArray());
    }

    // Names such as <s> and <0x0A> are not made of their characters.
    private static IEnumerable<(string, string)> Splits(string token, Dictionary<string, int> ranks)
    {
        if (token.StartsWith('<') && token.EndsWith('>') && token.Length > 2)
            return [];
        return Enumerable.Range(1, token.Length - 1).Select(i => (Left: token[..i], Right: token[i..]))
            .Where(s => ranks.ContainsKey(s.Left) && ranks.ContainsKey(s.Right))
            .OrderBy(s => ranks[s.Left]).ThenBy(s => ranks[s.Right]);
    }
}
