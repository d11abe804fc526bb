#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// GLM-4.5 and its line (Air, 4.6, 4.7): grouped attention with biases and partial rotary features, a few dense layers,
// then sigmoid routing with a correction for the choice, and an expert that everyone shares.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    NoauxMlp mlp;
};

class Glm4Moe final : public Graph {
  public:
    explicit Glm4Moe(const Loader& loader);

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

Glm4Moe::Glm4Moe(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "layer_types", "qk_head_dim", "rope_interleave"});
    config.require_string("scoring_func", "sigmoid");
    config.require_string("topk_method", "noaux_tc");
    drop_common(weights);
    drop_layers_from(weights, "model.layers.", sizes.layers);  // a head that predicts several tokens
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    int dense = config.integer("first_k_dense_replace", 0);
    auto turning = static_cast<int>(rope_share(config, 1) * sizes.head_dim);
    Rope rope = scaled_rope(turning, rope_theta(config, 10000), false, rope_scaling(config), sizes.context);
    bool bias = config.boolean("attention_bias", false), qk_norm = config.boolean("use_qk_norm", false);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {bias, false}, 0);
        layer.attention.rope = rope;
        if (qk_norm) {
            layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.head_dim);
            layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.head_dim);
        }
        layer.mlp = NoauxMlp::load(loader, path + ".mlp", sizes.hidden, i >= dense);
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_glm4_moe(const Loader& loader) { return std::make_unique<Glm4Moe>(loader); }

}  // namespace fastmlx
