using System.Text.Json;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Every vector, whole, one character at a time and at every split, delivered whole and streamed.</summary>
public sealed class ToolCallVectorTests
{
    private const string File = "tool-call-vectors.jsonl";

    [Fact]
    public void Vectors_GiveTheirEvents_Whole() => Check((vector, input) => [VectorRun.Run(vector, [input])]);

    [Fact]
    public void Vectors_GiveTheirEvents_CharacterByCharacter() =>
        Check((vector, input) => [VectorRun.Run(vector, VectorRun.Characters(input))]);

    [Fact]
    public void Vectors_GiveTheirEvents_AtEverySplit() => Check((vector, input) =>
        VectorRun.Splits(input).Select(pieces => VectorRun.Run(vector, [pieces.Item1, pieces.Item2])));

    [Fact]
    public void Vectors_GiveTheirEvents_WhileArgumentsStream() => Check((vector, input) =>
        [VectorRun.Run(vector, VectorRun.Characters(input), streams: true), VectorRun.Run(vector, [input], streams: true)]);

    private static void Check(Func<JsonElement, string, IEnumerable<string>> run)
    {
        string? path = Vectors.Path(File);
        Assert.SkipUnless(path is not null, $"shared/corpora/{File} is not there: 232 vectors not run");
        List<string> failures = [];
        List<JsonElement> vectors = Vectors.Read(path!);
        int count = 0;
        foreach (JsonElement vector in vectors)
        {
            string expected = VectorRun.Expected(vector);
            foreach (string actual in run(vector, Vectors.Text(vector, "input")))
            {
                count++;
                if (actual == expected)
                    continue;
                failures.Add($"{Vectors.Text(vector, "id")}\n   wanted {expected}\n   got    {actual}");
                break;
            }
        }
        Assert.True(failures.Count == 0, $"{vectors.Count - failures.Count}/{vectors.Count} ({count} runs)\n"
            + string.Join("\n", failures));
    }
}
