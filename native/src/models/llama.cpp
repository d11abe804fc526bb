#include "models/llama.h"

#include <algorithm>

#include "engine/failure.h"
#include "models/families.h"

// Llama and its line (Touvron et al. 2023): pre-norm, rotary attention with grouped keys, SwiGLU. LlamaTraits switches
// what its heirs changed.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    bool attends = true;  // false: o_proj is zero
    GluMlp mlp;
};

class Llama final : public Graph {
  public:
    Llama(const Loader& loader, const LlamaTraits& traits);

    Tensor hidden(Ops& ops) const override {
        Tensor h = scaled(ops, ops.embed(ends_.embed), embed_scale_);
        for (size_t i = 0; i < layers_.size(); ++i) {
            const Layer& layer = layers_[i];
            if (layer.attends) {
                Tensor y = layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), i == last_);
                h = residual(ops, h, scaled(ops, y, residual_scale_));
            }
            Tensor y = layer.mlp.forward(ops, ops.rms_norm(h, layer.post_norm, norm_));
            h = ops.add(h, scaled(ops, y, residual_scale_));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override {
        Tensor y = ops.linear(hidden, ends_.head);
        return logits_divisor_ == 1 ? y : ops.divide(y, logits_divisor_);
    }

  private:
    static Tensor scaled(Ops& ops, Tensor x, double factor) { return factor == 1 ? x : ops.scale(x, factor); }
    Attention load_heads(const Loader& loader, const Sizes& sizes, const std::string& path, const LlamaTraits& traits,
                         int layer) const;

    Ends ends_;
    NormSpec norm_;
    double embed_scale_, residual_scale_, logits_divisor_;
    std::vector<Layer> layers_;
    size_t last_ = 0;  // the last layer that attends
};

GluMlp load_fused_mlp(WeightStore& weights, const std::string& path, int hidden, int inner) {
    Weight both = weights.matrix(path + ".gate_up_proj", 2 * inner, hidden);
    GluMlp mlp;
    mlp.gate.weight = both.slice(0, inner);
    mlp.up.weight = both.slice(inner, inner);
    mlp.down = weights.linear(path + ".down_proj", hidden, inner);
    return mlp;
}

Attention Llama::load_heads(const Loader& loader, const Sizes& sizes, const std::string& path,
                            const LlamaTraits& traits, int layer) const {
    auto i = static_cast<size_t>(layer);
    int window = traits.windows.empty() ? 0 : traits.windows[i];
    Attention a = traits.fused ? load_fused_attention(loader, sizes, path)
                               : load_attention(loader, sizes, path, traits.bias, window);
    if (traits.plain.empty() || !traits.plain[i]) a.rope = traits.rope;
    if (traits.head_norms) {
        a.q_norm = loader.weights.vector(path + ".q_norm.weight", sizes.head_dim);
        a.k_norm = loader.weights.vector(path + ".k_norm.weight", sizes.head_dim);
    }
    if (traits.attention_scale != 0) a.spec.scale = traits.attention_scale;
    a.position_beta = traits.position_beta;
    a.position_length = traits.position_length;
    return a;
}

Llama::Llama(const Loader& loader, const LlamaTraits& traits)
    : embed_scale_(traits.embed_scale), residual_scale_(traits.residual_scale), logits_divisor_(traits.logits_divisor) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, traits.prefix + "model.", traits.prefix + "lm_head", traits.tied);
    const std::vector<int>& windows = traits.windows;
    bool mixed = std::any_of(windows.begin(), windows.end(), [](int window) { return window > 0; });
    int inner = config.positive("intermediate_size");
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = traits.prefix + "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_heads(loader, sizes, path + ".self_attn", traits, i);
        // One full layer among windows costs the whole prompt's square and cache; a zero one is there for form only.
        if (mixed && windows[static_cast<size_t>(i)] == 0 && !layer.attention.o.bias &&
            is_zero(layer.attention.o.weight)) {
            layer.attends = false;
            loader.facts.states.pop_back();
        }
        if (layer.attends) last_ = layers_.size();
        layer.mlp = traits.fused ? load_fused_mlp(weights, path + ".mlp", sizes.hidden, inner)
                                 : GluMlp::load(weights, path + ".mlp", sizes.hidden, inner, traits.mlp_bias);
        layers_.push_back(std::move(layer));
    }
}

LlamaTraits qwen_traits(const Config& config) {
    LlamaTraits traits;
    config.ignore({"attention_bias", "layer_types", "mlp_bias"});

    traits.tied = config.boolean("tie_word_embeddings", true);
    Sizes sizes = read_sizes(config);
    traits.rope = scaled_rope(sizes.head_dim, rope_theta(config, 1000000), config.boolean("rope_traditional", false),
                              rope_scaling(config), sizes.context);
    return traits;
}

}  // namespace

LlamaTraits llama_traits(const Config& config) {
    LlamaTraits traits;
    config.ignore({"rope_interleaved", "is_llama_config", "qkv_bias"});

    Sizes sizes = read_sizes(config);
    traits.tied = config.boolean("tie_word_embeddings", true);
    traits.bias.qkv = traits.bias.out = config.boolean("attention_bias", false);
    traits.mlp_bias = config.boolean("mlp_bias", false);
    traits.rope = scaled_rope(sizes.head_dim, rope_theta(config, 10000), config.boolean("rope_traditional", false),
                              rope_scaling(config), sizes.context);
    traits.windows = read_windows(config, sizes.layers);
    return traits;
}

std::unique_ptr<Graph> make_llama(const Loader& loader, const LlamaTraits& traits) {
    return std::make_unique<Llama>(loader, traits);
}

std::unique_ptr<Graph> load_llama(const Loader& loader) { return make_llama(loader, llama_traits(loader.config)); }

std::unique_ptr<Graph> load_qwen2(const Loader& loader) {
    LlamaTraits traits = qwen_traits(loader.config);
    traits.bias.qkv = true;
    return make_llama(loader, traits);
}

std::unique_ptr<Graph> load_qwen3(const Loader& loader) {
    LlamaTraits traits = qwen_traits(loader.config);
    traits.head_norms = true;
    return make_llama(loader, traits);
}

}  // namespace fastmlx
