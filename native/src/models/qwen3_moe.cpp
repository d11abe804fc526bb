#include <algorithm>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Qwen3 MoE (Qwen3-30B-A3B, Qwen3-Coder): Qwen3's attention; where a layer is sparse, softmax over all experts, the
// best k, renormalised.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    GluMlp mlp;     // dense layers
    Linear router;  // sparse layers
    ExpertWeights experts;
};

class Qwen3Moe final : public Graph {
  public:
    explicit Qwen3Moe(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            Tensor x = ops.rms_norm(h, layer.post_norm, norm_);
            if (layer.router)
                h = ops.add(h, ops.experts(x, ops.route(ops.linear(x, layer.router), routing_), layer.experts));
            else
                h = ops.add(h, layer.mlp.forward(ops, x));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Ends ends_;
    NormSpec norm_;
    RouterSpec routing_;
    std::vector<Layer> layers_;
};

Qwen3Moe::Qwen3Moe(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "rope_scaling", "attention_bias", "qkv_bias", "shared_expert_intermediate_size",
                   "layer_types"});
    if (!config.boolean("use_qk_norm", true))
        fail(FM_UNSUPPORTED, config.where(), ": attention without norms on its heads is not known here");
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    int experts = config.positive("num_experts"), step = config.positive("decoder_sparse_step", 1);
    int inner = config.positive("moe_intermediate_size");
    std::vector<int> dense = config.integers("mlp_only_layers");
    routing_.kind = RouterSpec::Kind::kSoftmaxTopK;
    routing_.top_k = config.positive("num_experts_per_tok");
    routing_.normalise = config.boolean("norm_topk_prob", false);
    Rope rope = scaled_rope(sizes.head_dim, rope_theta(config, 1000000), false, config.object("rope_parameters"),
                            sizes.context);  // mlx-lm ignores rope_scaling here
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {}, 0);
        layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.head_dim);
        layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.head_dim);
        layer.attention.rope = rope;
        bool sparse = std::count(dense.begin(), dense.end(), i) == 0 && (i + 1) % step == 0;
        if (sparse) {
            layer.router = weights.linear(path + ".mlp.gate", experts, sizes.hidden);
            layer.experts =
                load_experts(weights, path + ".mlp.switch_mlp", experts, inner, sizes.hidden, path + ".mlp.experts");
        } else {
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        }
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_qwen3_moe(const Loader& loader) { return std::make_unique<Qwen3Moe>(loader); }

}  // namespace fastmlx
