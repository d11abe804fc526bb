#include "models/families.h"
#include "models/mla.h"

// DeepSeek-V3 and what took its graph: Kimi K2, GLM-4.7-Flash. Latent attention, some dense layers, then sigmoid
// routing within groups and shared experts.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    LatentAttention attention;
    GluMlp mlp;  // dense layers; in sparse ones the shared experts, where there are any
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
};

class DeepseekV3 final : public Graph {
  public:
    DeepseekV3(const Loader& loader, float lora_eps);

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

DeepseekV3::DeepseekV3(const Loader& loader, float lora_eps) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "moe_intermediate_size", "num_experts_per_tok", "n_group", "topk_group",
                   "norm_topk_prob", "routed_scaling_factor", "qk_head_dim", "rope_interleave", "partial_rotary_factor",
                   "mlp_layer_types", "head_dim"});
    config.require_string("scoring_func", "sigmoid");
    config.require_string("topk_method", "noaux_tc");
    drop_common(weights);
    drop_layers_from(weights, "model.layers.", sizes.layers);  // a head that predicts several tokens
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    int experts = config.integer("n_routed_experts", 0), shared = config.integer("n_shared_experts", 0);
    int dense = config.integer("first_k_dense_replace", 0), every = config.positive("moe_layer_freq", 1);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_latent_attention(loader, sizes, path + ".self_attn", lora_eps);
        if (experts == 0 || i < dense || i % every != 0) {
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        } else {
            int inner = config.positive("moe_intermediate_size");
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

std::unique_ptr<Graph> load_deepseek_v3(const Loader& loader) { return std::make_unique<DeepseekV3>(loader, 1e-6f); }

std::unique_ptr<Graph> load_glm4_moe_lite(const Loader& loader) {
    auto eps = static_cast<float>(loader.config.number("rms_norm_eps", 1e-5));
    return std::make_unique<DeepseekV3>(loader, eps);
}

}  // namespace fastmlx
