#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Ai2 Olmo 3: norms after each branch instead of before, norms over the whole query and key projections, three windows
// to one full layer; only the full ones have the scaled rope.

namespace fastmlx {
namespace {

struct Layer {
    Vector after_attention, after_mlp;
    Attention attention;
    GluMlp mlp;
};

class Olmo3 final : public Graph {
  public:
    explicit Olmo3(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            Tensor y = layer.attention.forward(ops, h, &layer == &layers_.back());
            h = residual(ops, h, ops.rms_norm(y, layer.after_attention, norm_));
            h = ops.add(h, ops.rms_norm(layer.mlp.forward(ops, h), layer.after_mlp, norm_));
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

Olmo3::Olmo3(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    double theta = rope_theta(config, 500000);
    std::optional<Config> near_rope = rope_of_layers(config, true), far_rope = rope_of_layers(config, false);
    Rope near = scaled_rope(sizes.head_dim, near_rope ? near_rope->number("rope_theta", theta) : theta, false,
                            near_rope, sizes.context);
    Rope far = scaled_rope(sizes.head_dim, far_rope ? far_rope->number("rope_theta", theta) : theta, false,
                           far_rope ? far_rope : rope_scaling(config), sizes.context);
    std::vector<int> windows = read_windows(config, sizes.layers, 4);
    bool bias = config.boolean("attention_bias", false);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        int window = windows[static_cast<size_t>(i)];
        Layer layer;
        layer.after_attention = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.after_mlp = weights.vector(path + ".post_feedforward_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {bias, bias}, window);
        layer.attention.rope = window > 0 ? near : far;
        layer.attention.norm.width = 0;
        layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.heads * sizes.head_dim);
        layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.kv_heads * sizes.head_dim);
        layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_olmo3(const Loader& loader) { return std::make_unique<Olmo3>(loader); }

}  // namespace fastmlx
