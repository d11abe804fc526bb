using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>The reference data beside the repository; tests that need it skip where it is absent.</summary>
internal static class TokenizerCorpus
{
    private static readonly Lazy<string?> Found = new(FindRoot);

    public static string Root
    {
        get
        {
            Assert.SkipUnless(Found.Value is not null,
                "../shared/corpora/tokenizers is absent: its goldens are skipped.");
            return Found.Value!;
        }
    }

    /// <summary>The names of the tokenizers with a tokenizer.json, empty where the corpus is absent.</summary>
    public static IEnumerable<string> Names => Found.Value is { } root
        ? Directory.EnumerateDirectories(root).Where(d => File.Exists(Path.Combine(d, "tokenizer.json")))
            .Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)
        : [];

    public static HfTokenizer Load(string name) =>
        TokenizerFolder.Load(Path.Combine(Root, name)).Tokenizer;

    public static IEnumerable<JsonElement> Rows(params string[] path)
    {
        foreach (string line in File.ReadLines(Path.Combine([Root, .. path])))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            yield return document.RootElement.Clone();
        }
    }

    public static int[] Ids(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    public static string? Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static string? FindRoot()
    {
        for (string? d = AppContext.BaseDirectory; d is not null; d = Path.GetDirectoryName(d))
        {
            if (!File.Exists(Path.Combine(d, "FastMlx.sln")))
                continue;
            string root = Path.Combine(d, "..", "shared", "corpora", "tokenizers");
            return Directory.Exists(root) ? Path.GetFullPath(root) : null;
        }
        return null;
    }
}
