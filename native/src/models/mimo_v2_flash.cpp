#include <cmath>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Xiaomi MiMo-V2-Flash: windows with sinks and full layers, each with head sizes of its own, values narrower than keys;
// DeepSeek-V3's router.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    NoauxMlp mlp;
};

class MimoV2Flash final : public Graph {
  public:
    explicit MimoV2Flash(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            h = ops.add(h, layer.mlp.forward(ops, ops.rms_norm(h, layer.post_norm, norm_)));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Ends ends_;
    NormSpec norm_;
    std::vector<Layer> layers_;
};

Attention load_heads(const Loader& loader, int hidden, const std::string& path, bool window) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    int heads = config.positive(window ? "swa_num_attention_heads" : "num_attention_heads");
    int kv_heads = config.positive(window ? "swa_num_key_value_heads" : "num_key_value_heads");
    int values = config.positive(window ? "swa_v_head_dim" : "v_head_dim");
    if (heads % kv_heads != 0) fail(FM_INVALID, config.where(), ": query heads are no multiple of key heads");
    Attention a;
    a.head_dim = config.positive(window ? "swa_head_dim" : "head_dim");
    a.q = weights.linear(path + ".q_proj", heads * a.head_dim, hidden);
    a.k = weights.linear(path + ".k_proj", kv_heads * a.head_dim, hidden);
    a.v = weights.linear(path + ".v_proj", kv_heads * values, hidden);
    a.o = weights.linear(path + ".o_proj", hidden, heads * values);
    a.rope = plain_rope(static_cast<int>(config.number("partial_rotary_factor", 1) * a.head_dim),
                        config.number(window ? "swa_rope_theta" : "rope_theta"));
    if (config.boolean(window ? "add_swa_attention_sink_bias" : "add_full_attention_sink_bias", false))
        a.spec.sinks = weights.vector(path + ".attention_sink_bias", heads);
    a.spec.heads = heads;
    a.spec.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
    a.spec.window = window ? config.positive("sliding_window_size") : 0;
    a.spec.state = loader.add_state({.dtype = product_type(loader, a.k),
                                     .heads = kv_heads,
                                     .k_dim = a.head_dim,
                                     .v_dim = values,
                                     .window = a.spec.window});
    return a;
}

std::vector<int> read_pattern(const Config& config, const char* key, int layers) {
    std::vector<int> pattern = config.integers(key);
    if (pattern.size() != static_cast<size_t>(layers))
        fail(FM_INVALID, config.where(), ": ", key, " has ", pattern.size(), " entries for ", layers, " layers");
    return pattern;
}

MimoV2Flash::MimoV2Flash(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    sizes.eps = static_cast<float>(config.number("layernorm_epsilon", 1e-5));
    config.require_string("hidden_act", "silu");
    config.ignore({"rms_norm_eps", "intermediate_size", "moe_intermediate_size", "num_experts_per_tok", "n_group",
                   "topk_group", "n_routed_experts", "n_shared_experts", "norm_topk_prob", "routed_scaling_factor",
                   "attention_value_scale", "attention_chunk_size", "hybrid_block_size", "swa_rope_theta",
                   "sliding_window_size"});
    config.require_string("scoring_func", "sigmoid");
    config.require_string("topk_method", "noaux_tc");
    config.refuse("attention_bias", "the graph has no such bias");
    drop_common(weights);
    weights.drop_prefix("model.mtp");
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    std::vector<int> windows = read_pattern(config, "hybrid_layer_pattern", sizes.layers);
    std::vector<int> sparse = read_pattern(config, "moe_layer_freq", sizes.layers);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_heads(loader, sizes.hidden, path + ".self_attn", windows[static_cast<size_t>(i)] == 1);
        layer.mlp = NoauxMlp::load(loader, path + ".mlp", sizes.hidden, sparse[static_cast<size_t>(i)] == 1);
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_mimo_v2_flash(const Loader& loader) { return std::make_unique<MimoV2Flash>(loader); }

}  // namespace fastmlx
