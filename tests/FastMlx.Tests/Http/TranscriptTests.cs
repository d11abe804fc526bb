using System.Text;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class TranscriptTests
{
    /// <summary>
    /// Longer inputs are cut at a sample of places: every cut of 33,000 bytes would be a thousand megabytes.
    /// </summary>
    private const int EveryCutBytes = 600;

    [Theory]
    [InlineData("http-heads.md", 60)]
    [InlineData("http-chunks.md", 25)]
    public void Parsers_GiveTheTranscriptForAnyCut(string file, int atLeast)
    {
        int count = 0;
        var wrong = new StringBuilder();
        foreach (Transcript transcript in Transcript.Load(file))
        {
            count++;
            string expected = Expand(transcript.Expected);
            if (ParserDriver.Run(transcript.Input) is var whole && whole != expected)
                wrong.Append(transcript.Title).Append(": ").AppendLine(whole);
            if (ParserDriver.RunBytes(transcript.Input) is var bytes && bytes != expected)
                wrong.Append(transcript.Title).Append(" (bytes): ").AppendLine(bytes);
            int step = transcript.Input.Length <= EveryCutBytes ? 1 : 997;
            for (int cut = 1; cut < transcript.Input.Length; cut += step)
            {
                string split = ParserDriver.Run(transcript.Input, cut);
                if (split != expected) wrong.AppendLine($"{transcript.Title} (cut {cut}): {split}");
            }
        }
        Assert.Equal("", wrong.ToString());
        Assert.True(count >= atLeast, $"only {count} cases");
    }

    // Runs in an expectation are written as in an input; text beyond ASCII comes back as UTF-8 read as characters.
    private static string Expand(string expected) => System.Text.RegularExpressions.Regex.Replace(
        expected, @"\{(\d+)\*(.)\}", match => new string(match.Groups[2].Value[0], int.Parse(match.Groups[1].Value)));
}
