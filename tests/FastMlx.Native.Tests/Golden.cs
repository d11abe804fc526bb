using System.Text.Json;

namespace FastMlx.Native.Tests;

/// <summary>goldens.json of one tiny model.</summary>
internal sealed record Golden(
    string Folder, int[] Prompt, float[][] PrefillLogits, int[] DecodeTokens, float[][] DecodeLogits, int Split,
    float[] ChunkedLastLogits, int[] Greedy, bool IsFloat32)
{
    public static Golden Load(string name) => Read(Repository.Shared("corpora/tiny-models/" + name));

    public static Golden Read(string folder)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "goldens.json")));
        JsonElement root = json.RootElement;
        return new Golden(
            folder, Ints(root.GetProperty("prompt")), Rows(root.GetProperty("prefill_logits")),
            Ints(root.GetProperty("decode_tokens")), Rows(root.GetProperty("decode_logits")),
            root.GetProperty("chunked_prefill_split").GetInt32(), Floats(root.GetProperty("chunked_last_logits")),
            Ints(root.GetProperty("greedy")), root.GetProperty("logits_dtype").GetString() == "mlx.core.float32");
    }

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetSingle())];

    private static float[][] Rows(JsonElement list) => [.. list.EnumerateArray().Select(Floats)];
}
