using System.Text;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>A short seeded run of the fuzz targets; long ones are run by tests/FastMlx.Fuzz.</summary>
public sealed class TokenizerFuzzTests
{
    private const int Seed = 20261124;

    private static readonly string[] Atoms =
    [
        "a", "b", " ", "\n\n", "é", "中", "😀", "<|im_end|>", "<t>", "(?:", ")", "[", "]", "*", "+", "{2}", "|",
        "\\p{L}", "\\b",
        "\0", "\"", ":", "{", "}", "null", "▁", "<0xC3>", "1", "\uFFFD", "(?=", "(?<!", "^", "-", "&&",
    ];

    [Fact]
    public void Targets_HoldForRandomInputs()
    {
        var random = new Random(Seed);
        for (int i = 0; i < 4000; i++)
        {
            byte[] input = Encoding.UTF8.GetBytes(string.Concat(
                Enumerable.Range(0, random.Next(24)).Select(_ => Atoms[random.Next(Atoms.Length)])));
            if (input.Length > 0 && random.Next(4) == 0)
                input[random.Next(input.Length)] = (byte)random.Next(256);
            TokenizerFuzz.Pattern(input);
            TokenizerFuzz.Text(input);
            TokenizerFuzz.File(input);
        }
    }

    [Fact]
    public void Files_ThatAreDamagedAnywhere_AreRefusedByType()
    {
        var random = new Random(Seed);
        byte[][] files = [.. TokenizerCorpus.Rows("_loader", "loader_cases.jsonl")
            .Select(row => Encoding.UTF8.GetBytes(row.GetProperty("file").GetString()!))];
        for (int i = 0; i < 4000; i++)
        {
            byte[] file = [.. files[random.Next(files.Length)]];
            for (int n = random.Next(3); n >= 0; n--)
            {
                int other = random.Next(2) == 0 ? random.Next(256) : file[random.Next(file.Length)];
                file[random.Next(file.Length)] = (byte)other;
            }
            TokenizerFuzz.File(random.Next(3) == 0 ? file.AsSpan(0, random.Next(file.Length)) : file);
        }
    }
}
