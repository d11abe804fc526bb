using System.Runtime.CompilerServices;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class FuzzCorpusTests
{
    private const int CorpusAtLeast = 50;

    [Fact]
    public void Corpus_OfTheFuzzTargetHolds()
    {
        string[] files = Directory.GetFiles(Folder());
        Assert.True(files.Length >= CorpusAtLeast, $"only {files.Length} inputs");
        foreach (string file in files) ParserFuzz.Check(File.ReadAllBytes(file));
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../FastMlx.Fuzz/corpus/http");
}
