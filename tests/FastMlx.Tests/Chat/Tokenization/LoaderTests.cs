using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Small files that load or are refused, with the ids of those that load.</summary>
public sealed class LoaderTests
{
    // The reference refuses this by an accident of its parser; a file with a key more is fine.
    private const string AccidentallyRefused = "unknown top key is ignored";

    [Fact]
    public void LoaderCases_LoadOrAreRefused_AsTheReference()
    {
        var failures = new Failures("loader cases");
        foreach (JsonElement row in TokenizerCorpus.Rows("_loader", "loader_cases.jsonl"))
        {
            string name = row.GetProperty("name").GetString()!;
            byte[] file = Encoding.UTF8.GetBytes(row.GetProperty("file").GetString()!);
            bool loads = row.GetProperty("loads").GetBoolean() || name == AccidentallyRefused;
            HfTokenizer? tokenizer = Load(file);
            failures.Check(loads, tokenizer is not null, name);
            if (tokenizer is not null && row.TryGetProperty("cases", out JsonElement cases))
                CheckCases(name, tokenizer, cases, failures);
        }
        failures.AssertNone();
    }

    private static HfTokenizer? Load(byte[] file)
    {
        try
        {
            return HfTokenizer.Load(file);
        }
        catch (TokenizerException)
        {
            return null;
        }
    }

    private static void CheckCases(string name, HfTokenizer tokenizer, JsonElement cases, Failures failures)
    {
        foreach (JsonElement row in cases.EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            string label = name + ": " + text;
            if (row.TryGetProperty("error", out _))
            {
                Assert.Throws<TokenizerException>(() => tokenizer.EncodeAsReference(text, addSpecial: false));
                continue;
            }
            int[] ids = TokenizerCorpus.Ids(row, "ids");
            failures.Check(ids, [.. tokenizer.EncodeAsReference(text, addSpecial: false)], label);
            failures.Check(TokenizerCorpus.Ids(row, "ids_special"),
                [.. tokenizer.EncodeAsReference(text, addSpecial: true)], "special " + label);
            failures.Check(row.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecial: false), label);
            failures.Check(row.GetProperty("decoded_skip").GetString(), tokenizer.Decode(ids, true), label);
        }
    }
}
