using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Pre-tokenizers and normalizers alone, against the reference's pieces and normal forms.</summary>
public sealed class PieceTests
{
    [Fact]
    public void PreTokenizers_CutAsTheReference()
    {
        using JsonDocument all = JsonDocument.Parse(Read("pre_tokenizers.json"));
        var problems = new List<string>();
        foreach (JsonProperty entry in all.RootElement.EnumerateObject())
            problems.AddRange(Try(() => CheckPreTokenizer(entry.Name, entry.Value)));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Fact]
    public void Normalizers_WriteAsTheReference()
    {
        using JsonDocument all = JsonDocument.Parse(Read("normalizers.json"));
        var problems = new List<string>();
        foreach (JsonProperty entry in all.RootElement.EnumerateObject())
            problems.AddRange(Try(() => CheckNormalizer(entry.Name, entry.Value)));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(TokenizerCorpus.Root, "_pretok", name));

    private static IEnumerable<string> Try(Action check)
    {
        string? problem = null;
        try
        {
            check();
        }
        catch (Exception e) when (e is TokenizerException or Xunit.Sdk.XunitException)
        {
            problem = e.Message;
        }
        return problem is null ? [] : [problem];
    }

    private static void CheckPreTokenizer(string name, JsonElement definition)
    {
        PreTokenizerStep[] steps = PreTokenizerReader.Read(definition).Finish(modelTakesRawBytes: true);
        var failures = new Failures("pre-tokenizer " + name);
        foreach (JsonElement row in TokenizerCorpus.Rows("_pretok", name + ".jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            string[] pieces = [.. row.GetProperty("pieces").EnumerateArray().Select(e => e.GetString()!)];
            failures.Check(pieces, Pieces.Of(steps, text), row.GetProperty("kind").GetString() + " " + text);
        }
        failures.AssertNone();
    }

    private static void CheckNormalizer(string name, JsonElement definition)
    {
        NormalizerChain chain = NormalizerReader.Read(definition);
        var scratch = new EncodeScratch();
        var failures = new Failures("normalizer " + name);
        foreach (JsonElement row in TokenizerCorpus.Rows("_pretok", "norm-" + name + ".jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            string expected = row.TryGetProperty("same", out _) ? text : row.GetProperty("normalized").GetString()!;
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            string actual = Encoding.UTF8.GetString(chain.Normalize(utf8, 0, utf8.Length, [], scratch).Span);
            failures.Check(expected, actual, row.GetProperty("kind").GetString() + " " + text);
        }
        failures.AssertNone();
    }
}
