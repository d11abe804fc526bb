using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Texts of 18 to 150 KB against the hashes of the reference's ids and decodes.</summary>
public sealed class LongTextTests
{
    [Fact]
    public void LongTexts_HaveTheReferencesIds()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(
            Path.Combine(TokenizerCorpus.Root, "_long", "texts.json")));
        var texts = document.RootElement.EnumerateObject().ToDictionary(e => e.Name, e => Text(e.Value));
        var failures = new Failures("long texts");
        HashSet<string> names = [.. TokenizerCorpus.Names];
        foreach (IGrouping<string, JsonElement> rows in TokenizerCorpus.Rows("_long", "goldens.jsonl")
            .GroupBy(row => row.GetProperty("tokenizer").GetString()!).Where(rows => names.Contains(rows.Key)))
        {
            HfTokenizer tokenizer = TokenizerCorpus.Load(rows.Key);
            foreach (JsonElement row in rows)
                Check(tokenizer, row, texts, failures);
        }
        failures.AssertNone();
    }

    private static string Text(JsonElement value) => value.TryGetProperty("text", out JsonElement text)
        ? text.GetString()!
        : Repeat(value.GetProperty("repeat"));

    private static string Repeat(JsonElement repeat) =>
        string.Concat(Enumerable.Repeat(repeat[0].GetString(), repeat[1].GetInt32()));

    private static void Check(HfTokenizer tokenizer, JsonElement row, Dictionary<string, string> texts,
        Failures failures)
    {
        string name = row.GetProperty("text").GetString()!;
        string label = row.GetProperty("tokenizer").GetString() + " " + name;
        var ids = new List<int>();
        tokenizer.Encode(texts[name], parseSpecial: true, ids);
        failures.Check(row.GetProperty("count").GetInt32(), ids.Count, label + " count");
        failures.Check(row.GetProperty("sha256").GetString(), Hash(string.Join(',', ids)), label + " ids");
        // Normalized tokens are printed in two ways by two versions of the reference; see GoldenTests.
        HashSet<int> twoWays = [.. tokenizer.AddedTokens
            .Where(t => t.Normalized && tokenizer.NormalForm(t.Content) != t.Content).Select(t => t.Id)];
        if (ids.Any(twoWays.Contains))
            return;
        string decoded = tokenizer.Decode(ids.ToArray(), skipSpecial: false);
        failures.Check(row.GetProperty("decoded_sha256").GetString(), Hash(decoded), label + " decoded");
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
