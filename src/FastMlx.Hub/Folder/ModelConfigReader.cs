using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>config.json and generation_config.json → <see cref="ModelConfig"/>.</summary>
internal static class ModelConfigReader
{
    public static ModelConfig Read(string configPath, JsonElement config, JsonElement generation)
    {
        JsonElement text = config.Object("text_config") ?? config.Object("llm_config") ?? config;
        string? declared = config.Text("model_type") ?? text.Text("model_type");
        if (string.IsNullOrEmpty(declared))
            throw new ModelFileException(ModelFileProblem.NotSupported, configPath,
                $"{configPath} has no model_type, so it is not the configuration of a language model.");
        string type = ModelTypes.Remap(declared);
        int? Int(string name) => text.Int(name) ?? config.Int(name);
        int? heads = Int("num_attention_heads");
        return new ModelConfig
        {
            DeclaredType = declared,
            ModelType = type,
            ContextLength = ContextLimits.Read(type, config, text),
            Layers = Int("num_hidden_layers") ?? Int("n_layers") ?? Int("num_layers"),
            HiddenSize = Int("hidden_size"),
            AttentionHeads = heads,
            KeyValueHeads = Int("num_key_value_heads") ?? heads,
            HeadDim = Int("head_dim") ?? (heads > 0 ? Int("hidden_size") / heads : null),
            VocabSize = Int("vocab_size"),
            Experts = Experts(Int),
            ExpertsPerToken = Int("num_experts_per_tok") ?? Int("top_k_experts") ?? Int("moe_topk"),
            SlidingWindow = Int("sliding_window"),
            LatentRank = Int("kv_lora_rank"),
            LatentRopeDim = Int("qk_rope_head_dim"),
            FullAttentionLayers = FullAttentionLayers(text),
            TiedEmbeddings = config.Bool("tie_word_embeddings") ?? text.Bool("tie_word_embeddings"),
            Dtype = Dtype(text) ?? Dtype(config),
            Quantization = QuantizationReader.Read(config, text),
            EosTokens = generation.Ids("eos_token_id") ?? config.Ids("eos_token_id") ?? text.Ids("eos_token_id") ?? [],
            BosToken = First(generation.Ids("bos_token_id") ?? config.Ids("bos_token_id") ?? text.Ids("bos_token_id")),
            Generation = Generation(generation),
        };
    }

    private static string? Dtype(JsonElement block) => block.Text("torch_dtype") ?? block.Text("dtype");

    private static int? First(int[]? ids) => ids is null ? null : ids[0];

    private static int? Experts(Func<string, int?> value)
    {
        int? experts = value("num_experts") ?? value("n_routed_experts") ?? value("num_local_experts");
        return experts > 0 ? experts : null;
    }

    // Hybrids (recurrent or windowed layers) name each layer's kind.
    private static int? FullAttentionLayers(JsonElement text)
    {
        if (text.Child("layer_types") is { ValueKind: JsonValueKind.Array } types)
            return types.EnumerateArray().Count(t => t.ValueKind == JsonValueKind.String
                && (t.ValueEquals("full_attention") || t.ValueEquals("attention")));
        if (text.Text("hybrid_override_pattern") is { } pattern)
            return pattern.Count(c => c == '*');
        return text.Int("full_attention_interval") is > 0 and var every && text.Int("num_hidden_layers") is { } layers
            ? layers / every : null;
    }

    private static GenerationDefaults Generation(JsonElement generation) => new()
    {
        DoSample = generation.Bool("do_sample"),
        Temperature = Within(generation.Real("temperature"), 0, 100),
        TopP = Within(generation.Real("top_p"), 0, 1),
        TopK = generation.Int("top_k") is >= 0 and var k ? k : null,
        MinP = Within(generation.Real("min_p"), 0, 1),
        RepetitionPenalty = Within(generation.Real("repetition_penalty"), 0, 100),
    };

    private static float? Within(double? value, double least, double most) =>
        value >= least && value <= most ? (float)value.Value : null;
}
