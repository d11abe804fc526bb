using System.Text.Json;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>The demo model against the answers MLX gave, and with a prompt as long as a coding agent's.</summary>
public sealed class DemoModelTests
{
    private const int AgentPrompt = 26_000;

    private static string Folder => Path.Combine(Repository.Root, "src/FastMlx/DemoModel/model");

    public static TheoryData<string, NativeBackend> Goldens()
    {
        var data = new TheoryData<string, NativeBackend>();
        foreach (JsonElement golden in Read())
            data.Add(golden.GetProperty("id").GetString()!, NativeBackend.Cpu);
        // MLX's loops on a processor are slow: its rows are those of a short prompt.
        foreach (JsonElement golden in Backends.HasMlx ? Read().Where(row => Ints(row, "prompt_ids").Length <= 200) : [])
            data.Add(golden.GetProperty("id").GetString()!, NativeBackend.Mlx);
        if (!Backends.HasMlx)
            data.Add("(none)", NativeBackend.Mlx);
        return data;
    }

    [Theory]
    [MemberData(nameof(Goldens))]
    public void GreedyIds_EqualMlx(string id, NativeBackend backend)
    {
        Backends.Require(backend);
        JsonElement golden = Read().Single(row => row.GetProperty("id").GetString() == id);
        int[] prompt = Ints(golden, "prompt_ids"), expected = Ints(golden, "output_ids");
        using NativeModel model = Open(backend);
        List<int> ids = Steps.Greedy(model, model.OpenSlot(), prompt, expected.Length);
        Assert.Equal(expected, ids);
    }

    [Fact]
    public void AgentPrompt_GivesTheSameInAnyChunks()
    {
        int[] prompt = LongPrompt();
        using NativeModel model = Open();
        float[] whole = Prefill(model, prompt, 512, AgentPrompt);
        Assert.Equal(whole, Prefill(model, prompt, 64, AgentPrompt));
        Assert.Equal(whole, Prefill(model, prompt, 512, AgentPrompt - 130)); // the rest token by token
    }

    private static NativeModel Open(NativeBackend backend = NativeBackend.Cpu) =>
        NativeModel.Open(Folder, new NativeModelOptions { Backend = backend });

    private static float[] Prefill(NativeModel model, int[] prompt, int chunk, int chunked)
    {
        int slot = model.OpenSlot();
        var logits = new float[model.Info.VocabSize];
        for (int first = 0; first < prompt.Length;)
        {
            int count = first < chunked ? Math.Min(chunk, chunked - first) : 1;
            model.Logits(slot, first, prompt.AsSpan(first, count), all: false, logits);
            first += count;
        }

        model.CloseSlot(slot);
        return logits;
    }

    // The corpus' own conversations, one after the other.
    private static int[] LongPrompt()
    {
        int[] all = [.. Read().SelectMany(row => Ints(row, "prompt_ids").Concat(Ints(row, "output_ids")))];
        return [.. Enumerable.Range(0, AgentPrompt).Select(i => all[i % all.Length])];
    }

    private static int[] Ints(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    private static List<JsonElement> Read() =>
        [.. File.ReadLines(Path.Combine(Repository.Root, "tests/vectors/demo-model/goldens.jsonl"))
            .Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)];
}
