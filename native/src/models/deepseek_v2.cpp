#include <cmath>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// DeepSeek-V2: keys and values of all heads are made from a latent vector at once and stored expanded, as mlx-lm does;
// softmax routing without renormalising, shared experts.

namespace fastmlx {
namespace {

struct ExpandedAttention {
    Linear q;         // where q_lora_rank is null
    Linear q_a, q_b;  // else low-rank, with a norm between
    Vector q_a_norm, kv_a_norm;
    Linear kv_a, kv_b, o;  // kv_a: latent, then the key's turning part; kv_b: per head plain key, then value
    Rope rope;
    int latent = 0, nope = 0, turning = 0, values = 0;
    AttendSpec spec;
    Tensor forward(Ops& ops, Tensor x, bool last) const;
};

// The same features for every head.
Tensor repeat(Ops& ops, Tensor x, int count) {
    if (count == 1) return x;
    Tensor half = repeat(ops, x, count / 2), both = ops.concat(half, half, 1);
    return count % 2 == 0 ? both : ops.concat(both, x, 1);
}

Tensor ExpandedAttention::forward(Ops& ops, Tensor x, bool last) const {
    NormSpec lora{.eps = 1e-6f};
    int heads = spec.heads;
    Tensor compressed = ops.linear(x, kv_a);
    if (last) x = ops.wanted(x);
    Tensor queries = q ? ops.linear(x, q) : ops.linear(ops.rms_norm(ops.linear(x, q_a), q_a_norm, lora), q_b);
    Tensor all = ops.linear(ops.rms_norm(ops.columns(compressed, 1, 0, latent), kv_a_norm, lora), kv_b);
    Tensor turned_k = ops.rope(ops.columns(compressed, 1, latent, turning), turning, rope);
    Tensor turned_q = ops.rope(ops.columns(queries, heads, nope, turning), turning, rope);
    Tensor keys = ops.concat(ops.columns(all, heads, 0, nope), repeat(ops, turned_k, heads), heads);
    queries = ops.concat(ops.columns(queries, heads, 0, nope), turned_q, heads);
    return ops.linear(ops.attend(queries, keys, ops.columns(all, heads, nope, values), spec), o);
}

struct Layer {
    Vector input_norm, post_norm;
    ExpandedAttention attention;
    GluMlp mlp;  // dense layers; in sparse ones the shared experts, where there are any
    Linear router;
    ExpertWeights experts;
};

class DeepseekV2 final : public Graph {
  public:
    explicit DeepseekV2(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            Tensor x = ops.rms_norm(h, layer.post_norm, norm_), y;
            if (layer.router) y = ops.experts(x, ops.route(ops.linear(x, layer.router), routing_), layer.experts);
            if (layer.mlp.gate) y = y ? ops.add(y, layer.mlp.forward(ops, x)) : layer.mlp.forward(ops, x);
            h = ops.add(h, y);
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    void read_routing(const Config& config, int experts);

    Ends ends_;
    NormSpec norm_;
    RouterSpec routing_;
    std::vector<Layer> layers_;
};

ExpandedAttention load_expanded(const Loader& loader, const Sizes& sizes, const std::string& path) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    ExpandedAttention a;
    a.latent = config.positive("kv_lora_rank");
    a.nope = config.positive("qk_nope_head_dim");
    a.turning = config.positive("qk_rope_head_dim");
    a.values = config.positive("v_head_dim");
    bool bias = config.boolean("attention_bias", false);
    int width = a.nope + a.turning;
    if (config.has("q_lora_rank")) {
        int rank = config.positive("q_lora_rank");
        a.q_a = weights.linear(path + ".q_a_proj", rank, sizes.hidden, bias);
        a.q_a_norm = weights.vector(path + ".q_a_layernorm.weight", rank);
        a.q_b = weights.linear(path + ".q_b_proj", sizes.heads * width, rank);
    } else {
        a.q = weights.linear(path + ".q_proj", sizes.heads * width, sizes.hidden);
    }
    a.kv_a = weights.linear(path + ".kv_a_proj_with_mqa", a.latent + a.turning, sizes.hidden, bias);
    a.kv_a_norm = weights.vector(path + ".kv_a_layernorm.weight", a.latent);
    a.kv_b = weights.linear(path + ".kv_b_proj", sizes.heads * (a.nope + a.values), a.latent);
    a.o = weights.linear(path + ".o_proj", sizes.hidden, sizes.heads * a.values, bias);
    std::optional<Config> scaling = rope_scaling(config);
    a.rope = scaled_rope(a.turning, rope_theta(config, 10000), true, scaling, sizes.context);
    double scale = 1 / std::sqrt(static_cast<double>(width));
    if (scaling && scaling->number("mscale_all_dim", 0) != 0) {
        double stretch = yarn_mscale(scaling->number("factor", 1), scaling->number("mscale_all_dim", 0));
        scale *= stretch * stretch;
    }
    a.spec.heads = sizes.heads;
    a.spec.scale = static_cast<float>(scale);
    a.spec.state = loader.add_state({.dtype = promote(a.kv_b.weight.dtype, a.kv_a_norm.dtype),
                                     .heads = sizes.heads,
                                     .k_dim = width,
                                     .v_dim = a.values});
    return a;
}

void DeepseekV2::read_routing(const Config& config, int experts) {
    std::string method = config.string("topk_method", "greedy");
    config.require_string("scoring_func", "softmax");
    config.refuse("norm_topk_prob", "the graph does not renormalise");
    routing_.kind = RouterSpec::Kind::kSoftmaxTopK;
    routing_.negated = true;
    routing_.top_k = config.positive("num_experts_per_tok");
    routing_.scale = config.number("routed_scaling_factor", 1);
    if (method == "group_limited_greedy") {
        routing_.groups = config.positive("n_group");
        routing_.top_groups = config.positive("topk_group");
        routing_.group_max = true;
    } else if (method != "greedy" && method != "gready") {
        fail(FM_UNSUPPORTED, config.where(), ": topk_method '", method, "' is not known in deepseek_v2");
    }
    if (experts % routing_.groups != 0 || routing_.top_groups > routing_.groups || routing_.top_k > experts)
        fail(FM_INVALID, config.where(), ": ", experts, " experts do not fit the groups or the choice");
}

DeepseekV2::DeepseekV2(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "moe_intermediate_size", "num_experts_per_tok", "n_group", "topk_group",
                   "topk_method", "norm_topk_prob", "routed_scaling_factor", "qk_head_dim", "rope_interleave",
                   "mlp_bias"});
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    int experts = config.integer("n_routed_experts", 0), shared = config.integer("n_shared_experts", 0);
    int dense = config.integer("first_k_dense_replace", 0), every = config.positive("moe_layer_freq", 1);
    if (experts > 0) read_routing(config, experts);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_expanded(loader, sizes, path + ".self_attn");
        if (experts == 0 || i < dense || i % every != 0) {
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        } else {
            int inner = config.positive("moe_intermediate_size");
            layer.router = weights.linear(path + ".mlp.gate", experts, sizes.hidden);
            layer.experts =
                load_experts(weights, path + ".mlp.switch_mlp", experts, inner, sizes.hidden, path + ".mlp.experts");
            if (shared > 0)
                layer.mlp = GluMlp::load(weights, path + ".mlp.shared_experts", sizes.hidden, inner * shared);
        }
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_deepseek_v2(const Loader& loader) { return std::make_unique<DeepseekV2>(loader); }

}  // namespace fastmlx
