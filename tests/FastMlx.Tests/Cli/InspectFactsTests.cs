using FastMlx.Cli;
using FastMlx.Composition;
using FastMlx.Hub;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class InspectFactsTests : IDisposable
{
    private readonly string _home = Path.Combine(Path.GetTempPath(), "fastmlx-test-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_home))
            Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public void Facts_OfAModelWithoutATokenizer_StillSayWhatTheEngineMakesOfIt()
    {
        string folder = Copy();
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        Dictionary<string, string> facts = InspectFacts.Of(ModelFolder.OpenWeights(folder))
            .ToDictionary(fact => fact.Name, fact => fact.Value);
        Assert.StartsWith("cpu: state of a fixed size", facts["engine"], StringComparison.Ordinal);
        Assert.StartsWith("a context of 131,072 tokens", facts["fits here"], StringComparison.Ordinal);
        Assert.Contains("no tokenizer.json", facts["tokenizer"], StringComparison.Ordinal);
    }

    [Fact]
    public void Facts_OfAnUnknownType_NameItAndWhatIsSupported()
    {
        string folder = Copy();
        string config = Path.Combine(folder, "config.json");
        string text = File.ReadAllText(config);
        File.WriteAllText(config, text.Replace("\"llama\"", "\"lama\"", StringComparison.Ordinal));
        string engine = InspectFacts.Of(ModelFolder.OpenWeights(folder)).First(f => f.Name == "engine").Value;
        Assert.Contains("lama", engine, StringComparison.Ordinal);
        Assert.Contains("qwen3_moe", engine, StringComparison.Ordinal);
    }

    private string Copy()
    {
        string from = DemoModelFolder.Extract(Path.Combine(_home, "demo")), to = Path.Combine(_home, "copy");
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        return to;
    }
}
