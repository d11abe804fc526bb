using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>The longest context that a configuration supports, in tokens.</summary>
internal static class ContextLimits
{
    private static readonly string[] Names =
        ["max_position_embeddings", "max_sequence_length", "seq_length", "n_positions", "max_seq_len"];

    public static int? Read(string modelType, JsonElement config, JsonElement text)
    {
        int? length = null;
        foreach (string name in Names)
            length ??= Positive(text.Int(name)) ?? Positive(config.Int(name));
        if (length is null)
            return null;
        JsonElement? scaling = text.Object("rope_scaling") ?? config.Object("rope_scaling")
            ?? text.Object("rope_parameters");
        return scaling is { } rope && HonoursScaling(modelType) ? Extended(length.Value, rope) : length;
    }

    // The reference graph of qwen3_moe uses plain RoPE whatever the file says; gemma3 counts its factor in already.
    private static bool HonoursScaling(string modelType) => modelType is not ("qwen3_moe" or "gemma3" or "gemma3_text");

    // max_position_embeddings of current files counts the extension in; older ones (Qwen2.5 with an added yarn block)
    // give the trained length there, so the larger of the two is meant.
    private static int Extended(int length, JsonElement rope)
    {
        string? kind = rope.Text("rope_type") ?? rope.Text("type");
        double factor = rope.Real("factor") ?? 1;
        double extended = kind switch
        {
            "yarn" when Positive(rope.Int("original_max_position_embeddings")) is { } original => original * factor,
            "dynamic" => length * factor,
            _ => length,
        };
        return extended is > 0 and <= int.MaxValue ? Math.Max(length, (int)extended) : length;
    }

    private static int? Positive(int? value) => value > 0 ? value : null;
}
