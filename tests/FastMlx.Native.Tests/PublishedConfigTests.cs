using System.Text.Json.Nodes;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// Fields that published configurations have beside those of the tiny models: what changes nothing must load and change
/// nothing, another spelling must mean the same, and what would change the answers must be an error that names it. An
/// overlay adds fields to config.json; null takes one away; text_config is merged.
/// </summary>
public sealed class PublishedConfigTests
{
    private static readonly int[] Prompt = [3, 17, 42, 5, 90, 11, 64, 8, 29, 73, 51, 36];

    public static TheoryData<string, string, string> Cases()
    {
        var data = new TheoryData<string, string, string>();
        foreach (string line in File.ReadLines(Path.Combine(Repository.Root, "tests/vectors/published-configs.jsonl")))
        {
            JsonNode row = JsonNode.Parse(line)!;
            data.Add((string)row["model"]!, row["overlay"]!.ToJsonString(), (string?)row["error"] ?? "");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void APublishedField_ChangesNothing_OrIsAnErrorThatNamesIt(string model, string overlay, string error)
    {
        string folder = Repository.Shared($"corpora/tiny-models/{model}");
        using var changed = new ModelCopy(folder);
        changed.Overlay(overlay);
        if (error.Length == 0)
        {
            Assert.Equal(Logits(folder), Logits(changed.Folder));
            return;
        }

        var failure = Assert.Throws<ModelException>(() => Logits(changed.Folder));
        Assert.Contains(error, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("deepseek_v3-f32", "kimi_k25", true)]
    [InlineData("deepseek_v3-bf16-q4gs32", "kimi_k25", true)]
    [InlineData("qwen3_5_moe-f32", "qwen3_5_moe_text", false)]
    public void AModelInOrOutOfItsWrapper_IsTheSame(string model, string type, bool wrap)
    {
        string folder = Repository.Shared($"corpora/tiny-models/{model}");
        using var changed = new ModelCopy(folder);
        if (wrap)
            changed.Wrap(type);
        else
            changed.Unwrap(type);
        Assert.Equal(Logits(folder), Logits(changed.Folder));
    }

    private static float[] Logits(string folder)
    {
        using NativeModel model = NativeModel.Open(
            folder, new NativeModelOptions { Backend = NativeBackend.Cpu, Threads = 1 });
        var logits = new float[model.Info.VocabSize * Prompt.Length];
        model.Logits(model.OpenSlot(), 0, Prompt, all: true, logits);
        return logits;
    }
}
