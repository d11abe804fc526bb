using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BenchmarkDotNet.Attributes;
using FastMlx.Chat.Tokenization;
using Microsoft.ML.Tokenizers;

namespace FastMlx.Benchmarks;

/// <summary>
/// The demo model's tokenizer on 100 KB of this repository's C#, beside the package's BpeTokenizer with the same
/// vocabulary; and its streaming decode. The ids of both are compared once.
/// </summary>
public class TokenizerBench
{
    private readonly List<int> _ids = [];
    private HfTokenizer _ours = null!;
    private BpeTokenizer _package = null!;
    private TokenDecoder _decoder = null!;
    private string _text = "";
    private int[] _sample = [];

    [GlobalSetup]
    public void Setup()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "FastMlx.sln")))
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("not inside the repository");
        byte[] file = File.ReadAllBytes(Path.Combine(root, "src", "FastMlx", "DemoModel", "model", "tokenizer.json"));
        var text = new StringBuilder();
        foreach (string path in Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
            text.Append(text.Length < 100_000 ? File.ReadAllText(path) : "");
        _text = text.ToString()[..100_000];
        _ours = HfTokenizer.Load(file);
        _decoder = new TokenDecoder(_ours, skipSpecial: false);
        _package = Package(file);
        Encode();
        _sample = [.. _ids.Take(1000)];
        if (!_package.EncodeToIds(_text).SequenceEqual(_ids))
            throw new InvalidOperationException("the two tokenizers differ");
    }

    [Benchmark]
    public int Encode()
    {
        _ids.Clear();
        _ours.Encode(_text, parseSpecial: false, _ids);
        return _ids.Count;
    }

    [Benchmark(Baseline = true)]
    public int PackageEncode() => _package.EncodeToIds(_text).Count;

    [Benchmark]
    public int DecodeThousandTokens()
    {
        int bytes = 0;
        foreach (int id in _sample)
            bytes += _decoder.Push(id).Length;
        return bytes + _decoder.Flush().Length;
    }

    private static BpeTokenizer Package(byte[] file)
    {
        using JsonDocument document = JsonDocument.Parse(file);
        JsonElement model = document.RootElement.GetProperty("model");
        string pattern = document.RootElement.GetProperty("pre_tokenizer").GetProperty("pretokenizers")[0]
            .GetProperty("pattern").GetProperty("Regex").GetString()!;
        var options = new Microsoft.ML.Tokenizers.BpeOptions(model.GetProperty("vocab").EnumerateObject()
            .Select(p => new KeyValuePair<string, int>(p.Name, p.Value.GetInt32())))
        {
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(Merge)],
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new(pattern, RegexOptions.Compiled), null),
        };
        return BpeTokenizer.Create(options);
    }

    private static string Merge(JsonElement merge) => merge.ValueKind == JsonValueKind.String
        ? merge.GetString()!
        : merge[0].GetString() + " " + merge[1].GetString();
}
