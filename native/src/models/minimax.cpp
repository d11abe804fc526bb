#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// MiniMax M2: norms over the whole query and key projections, rope on part of each head, sigmoid routing in float32.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
};

class MiniMax final : public Graph {
  public:
    explicit MiniMax(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            Tensor x = ops.rms_norm(h, layer.post_norm, norm_);
            Tensor logits = ops.linear(ops.cast(x, DType::kF32), layer.router);
            h = ops.add(h, ops.experts(x, ops.route(logits, layer.routing), layer.experts));
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

// gate, up and down are w1, w3 and w2 where the experts are apart.
ExpertWeights load_mixture(WeightStore& weights, const std::string& path, int experts, int inner, int hidden) {
    ExpertWeights e;
    std::string stacked = path + ".switch_mlp.", apart = path + ".experts.{}.";
    e.gate.weight = weights.experts(stacked + "gate_proj", experts, inner, hidden, apart + "w1");
    e.up.weight = weights.experts(stacked + "up_proj", experts, inner, hidden, apart + "w3");
    e.down.weight = weights.experts(stacked + "down_proj", experts, hidden, inner, apart + "w2");
    return e;
}

MiniMax::MiniMax(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"shared_intermediate_size", "attn_type_list", "layernorm_full_attention_beta",
                   "layernorm_linear_attention_beta", "layernorm_mlp_beta", "qk_norm_type", "use_mtp",
                   "mtp_transformer_layers", "shared_moe_mode", "use_routing_bias", "max_model_len", "postnorm"});
    config.require_string("scoring_func", "sigmoid");
    drop_common(weights);
    drop_layers_from(weights, "model.layers.", sizes.layers);  // a head that predicts several tokens
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    int turning = config.positive("rotary_dim", static_cast<int>(rope_share(config, 1) * sizes.head_dim));
    Rope rope =
        scaled_rope(turning, rope_theta(config, 5000000), false, config.object("rope_parameters"), sizes.context);
    int experts = config.positive("num_local_experts"), inner = config.positive("intermediate_size");
    bool norms = config.boolean("use_qk_norm", true);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i), mixture = path + ".block_sparse_moe";
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {}, 0);
        layer.attention.rope = rope;
        if (norms) {
            layer.attention.norm.width = 0;
            layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.heads * sizes.head_dim);
            layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.kv_heads * sizes.head_dim);
        }
        layer.router = weights.linear(mixture + ".gate", experts, sizes.hidden);
        layer.routing.kind = RouterSpec::Kind::kSigmoid;
        layer.routing.top_k = config.positive("num_experts_per_tok");
        layer.routing.normalise = true;
        layer.routing.epsilon = 1e-20;
        layer.routing.bias = weights.vector(mixture + ".e_score_correction_bias", experts);
        layer.routing.negated = true;
        layer.routing.cast = true;
        layer.routing.cast_to = activation_type(ends_);
        layer.experts = load_mixture(weights, mixture, experts, inner, sizes.hidden);
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_minimax(const Loader& loader) { return std::make_unique<MiniMax>(loader); }

}  // namespace fastmlx
