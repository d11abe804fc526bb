#include <cmath>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Gemma 3: norms (stored as w - 1) before and after each branch, norms on each head, five windows with a rope of their
// own to one full layer, gelu.

namespace fastmlx {
namespace {

constexpr float kHalfMax = 65504.f;

struct Layer {
    Vector before_attention, after_attention, before_mlp, after_mlp;
    Attention attention;
    GluMlp mlp;
};

class Gemma3 final : public Graph {
  public:
    Gemma3(const Loader& loader, const Sizes& sizes, const std::string& prefix);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.scale(ops.embed(ends_.embed), embed_scale_);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            Tensor y = layer.attention.forward(ops, ops.rms_norm(h, layer.before_attention, norm_), last);
            h = add(ops, last ? ops.wanted(h) : h, ops.rms_norm(y, layer.after_attention, norm_));
            y = layer.mlp.forward(ops, ops.rms_norm(h, layer.before_mlp, norm_));
            h = add(ops, h, ops.rms_norm(y, layer.after_mlp, norm_));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    // float16 cannot hold what Gemma's residual stream grows to.
    static Tensor add(Ops& ops, Tensor a, Tensor b) {
        if (a.dtype != DType::kF16) return ops.add(a, b);
        Tensor sum = ops.add(ops.cast(a, DType::kF32), ops.cast(b, DType::kF32));
        return ops.cast(ops.clip(sum, kHalfMax), DType::kF16);
    }

    Ends ends_;
    NormSpec norm_;
    double embed_scale_;
    std::vector<Layer> layers_;
};

Gemma3::Gemma3(const Loader& loader, const Sizes& sizes, const std::string& prefix)
    : embed_scale_(round_to(DType::kBF16, static_cast<float>(std::sqrt(static_cast<double>(sizes.hidden))))) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    config.require_string("hidden_activation", "gelu_pytorch_tanh");
    config.ignore(
        {"hidden_act", "_sliding_window_pattern", "num_attention_heads", "num_key_value_heads", "vocab_size"});
    config.refuse("use_bidirectional_attention", "this model is no causal one");
    config.refuse("final_logit_softcapping", "Gemma 3 has no cap on its logits");
    config.refuse("attn_logit_softcapping", "Gemma 3 has no cap on its scores");
    drop_common(weights);
    norm_ = {.eps = sizes.eps, .plus_one = true};
    bool tied = !weights.has(prefix + "lm_head.weight");
    ends_ = Ends::load(loader, sizes, prefix + "model.", prefix + "lm_head", tied);
    double near_theta = config.number("rope_local_base_freq", 10000), far_theta = config.number("rope_theta", 1000000);
    std::optional<Config> near_rope = rope_of_layers(config, true), far_rope = rope_of_layers(config, false);
    Rope near = scaled_rope(sizes.head_dim, near_rope ? near_rope->number("rope_theta", near_theta) : near_theta, false,
                            near_rope, sizes.context);
    Rope far = scaled_rope(sizes.head_dim, far_rope ? far_rope->number("rope_theta", far_theta) : far_theta, false,
                           far_rope ? far_rope : config.object("rope_scaling"), sizes.context);
    int window = config.positive("sliding_window", 512), period = config.positive("sliding_window_pattern", 6);
    bool listed = !config.strings("layer_types").empty();
    std::vector<int> windows = listed ? read_windows(config, sizes.layers) : std::vector<int>();
    int inner = config.positive("intermediate_size", 6912);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = prefix + "model.layers." + std::to_string(i);
        bool full = listed ? windows[static_cast<size_t>(i)] == 0 : (i + 1) % period == 0;
        Layer layer;
        layer.before_attention = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.after_attention = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.before_mlp = weights.vector(path + ".pre_feedforward_layernorm.weight", sizes.hidden);
        layer.after_mlp = weights.vector(path + ".post_feedforward_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {}, full ? 0 : window);
        layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.head_dim);
        layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.head_dim);
        layer.attention.norm.plus_one = true;
        layer.attention.rope = full ? far : near;
        layer.attention.spec.scale = static_cast<float>(1 / std::sqrt(config.number("query_pre_attn_scalar", 256)));
        layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, inner);
        layer.mlp.activation = Activation::kGeGlu;
        layers_.push_back(std::move(layer));
    }
}

std::unique_ptr<Graph> load(const Loader& loader, int vocab, int heads, int kv_heads, const std::string& prefix) {
    const Config& config = loader.config;
    Sizes sizes{.hidden = config.positive("hidden_size", 1152),
                .layers = config.positive("num_hidden_layers", 26),
                .heads = config.positive("num_attention_heads", heads),
                .kv_heads = config.positive("num_key_value_heads", kv_heads),
                .head_dim = config.positive("head_dim", 256),
                .vocab = vocab,
                .context = config.positive("max_position_embeddings", 32768),
                .eps = static_cast<float>(config.number("rms_norm_eps", 1e-6))};
    if (sizes.heads % sizes.kv_heads != 0)
        fail(FM_INVALID, config.where(), ": num_attention_heads is no multiple of num_key_value_heads");
    return std::make_unique<Gemma3>(loader, sizes, prefix);
}

}  // namespace

std::unique_ptr<Graph> load_gemma3_text(const Loader& loader) {
    return load(loader, loader.config.positive("vocab_size", 262144), 4, 1, "");
}

// The wrapper of the larger ones, whose text_config leaves out what equals its class's defaults.
std::unique_ptr<Graph> load_gemma3(const Loader& loader) {
    for (const char* part : {"vision_tower.", "multi_modal_projector."}) loader.weights.drop_prefix(part);
    Config text = loader.config.object("text_config").value_or(loader.config);
    int vocab = loader.config.positive("vocab_size", text.positive("vocab_size", 262208));
    return load({text, loader.weights, loader.facts}, vocab, 8, 4, "language_model.");
}

}  // namespace fastmlx
