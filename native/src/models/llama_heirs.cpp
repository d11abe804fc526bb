#include "engine/failure.h"
#include "models/families.h"
#include "models/llama.h"

// Families that are Llama's graph with other switches.

namespace fastmlx {

// ByteDance Seed-OSS: biases on q, k, v.
std::unique_ptr<Graph> load_seed_oss(const Loader& loader) {
    const Config& config = loader.config;
    LlamaTraits traits = llama_traits(config);
    traits.bias.out = config.boolean("attention_out_bias", false);
    traits.windows.clear();
    return make_llama(loader, traits);
}

// IBM Granite: constants on the embedding, the branches, the scores and the logits.
std::unique_ptr<Graph> load_granite(const Loader& loader) {
    const Config& config = loader.config;
    LlamaTraits traits = llama_traits(config);
    traits.windows.clear();
    traits.embed_scale = config.number("embedding_multiplier");
    traits.residual_scale = config.number("residual_multiplier");
    traits.attention_scale = static_cast<float>(config.number("attention_multiplier"));
    traits.logits_divisor = config.number("logits_scaling");
    return make_llama(loader, traits);
}

// SmolLM3: every fourth layer has no positions.
std::unique_ptr<Graph> load_smollm3(const Loader& loader) {
    const Config& config = loader.config;
    LlamaTraits traits = llama_traits(config);
    int layers = config.positive("num_hidden_layers"), interval = config.positive("no_rope_layer_interval", 4);
    std::vector<int> turning = config.integers("no_rope_layers");  // 1 = this layer has rope, in spite of the name
    if (!turning.empty() && turning.size() != static_cast<size_t>(layers))
        fail(FM_INVALID, config.where(), ": no_rope_layers has ", turning.size(), " entries for ", layers, " layers");
    for (int i = 0; i < layers; ++i)
        traits.plain.push_back(turning.empty() ? (i + 1) % interval == 0 : turning[static_cast<size_t>(i)] == 0);
    return make_llama(loader, traits);
}

// Phi-3 and Phi-4-mini: q, k, v in one matrix, gate and up in another; longrope.
std::unique_ptr<Graph> load_phi3(const Loader& loader) {
    const Config& config = loader.config;
    LlamaTraits traits;
    Sizes sizes = read_sizes(config);
    traits.tied = config.boolean("tie_word_embeddings", false);
    traits.fused = true;
    config.ignore({"rope_parameters", "embd_pdrop", "attention_bias", "interpolate_factor", "lm_head_bias",
                   "full_attn_mod", "mlp_bias"});
    std::optional<Config> scaling = rope_scaling(config);
    if (scaling) {
        std::string kind = scaling->has("type") ? scaling->string("type", "") : scaling->string("rope_type", "");
        if (kind != "longrope" && kind != "su" && kind != "linear" && kind != "default")
            fail(FM_UNSUPPORTED, scaling->where(), ": rope type '", kind, "' is not known in phi3");
    }
    auto turning = static_cast<int>(rope_share(config, 1) * sizes.head_dim);
    traits.rope = scaled_rope(turning, rope_theta(config, 10000), config.boolean("rope_traditional", false), scaling,
                              sizes.context, config.positive("original_max_position_embeddings", 4096));
    return make_llama(loader, traits);
}

}  // namespace fastmlx
