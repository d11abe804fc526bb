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
    GluMlp mlp;  // dense layers; in sparse ones the shared expert, where there is one
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
};

class Glm4Moe final : public Graph {
  public:
    explicit Glm4Moe(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            h = ops.add(h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_)));
            Tensor x = ops.rms_norm(h, layer.post_norm, norm_), y;
            if (layer.router) y = ops.experts(x, ops.route(ops.linear(x, layer.router), layer.routing), layer.experts);
            if (layer.mlp.gate) y = y ? ops.add(y, layer.mlp.forward(ops, x)) : layer.mlp.forward(ops, x);
            h = ops.add(h, y);
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
    int experts = config.positive("n_routed_experts"), inner = config.positive("moe_intermediate_size");
    int shared = config.integer("n_shared_experts", 0), dense = config.integer("first_k_dense_replace", 0);
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
        if (i < dense) {
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        } else {
            layer.router = weights.linear(path + ".mlp.gate", experts, sizes.hidden);
            layer.routing = noaux_routing(config, weights, path + ".mlp.gate", experts);
            layer.experts =
                load_experts(weights, path + ".mlp.switch_mlp", experts, inner, sizes.hidden, path + ".mlp.experts");
            if (shared > 0)
                layer.mlp = GluMlp::load(weights, path + ".mlp.shared_experts", sizes.hidden, inner * shared);
        }
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_glm4_moe(const Loader& loader) { return std::make_unique<Glm4Moe>(loader); }

}  // namespace fastmlx
