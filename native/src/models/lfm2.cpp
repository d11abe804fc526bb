#include <algorithm>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Liquid LFM2 and LFM2-MoE: most layers are short gated convolutions, the rest attention with head norms.

namespace fastmlx {
namespace {

struct ShortConv {
    Linear in, out;
    ConvSpec conv;
    Tensor forward(Ops& ops, Tensor x, bool last) const;
};

Tensor ShortConv::forward(Ops& ops, Tensor x, bool last) const {
    Tensor all = ops.linear(x, in);
    int width = conv.weight.rows;
    Tensor b = ops.columns(all, 1, 0, width), c = ops.columns(all, 1, width, width);
    Tensor y = ops.conv1d(ops.multiply(b, ops.columns(all, 1, 2 * width, width)), conv);
    Tensor gated = ops.multiply(c, y);
    return ops.linear(last ? ops.wanted(gated) : gated, out);
}

struct Layer {
    Vector operator_norm, ffn_norm;
    bool attends = false;
    Attention attention;
    ShortConv conv;
    GluMlp mlp;
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
};

class Lfm2 final : public Graph {
  public:
    explicit Lfm2(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            Tensor x = ops.rms_norm(h, layer.operator_norm, norm_);
            bool last = &layer == &layers_.back();
            h = residual(ops, h,
                         layer.attends ? layer.attention.forward(ops, x, last) : layer.conv.forward(ops, x, last));
            x = ops.rms_norm(h, layer.ffn_norm, norm_);
            if (layer.router) {
                Tensor scores = ops.sigmoid(ops.linear(x, layer.router));
                h = ops.add(h, ops.experts(x, ops.route(scores, layer.routing), layer.experts));
            } else {
                h = ops.add(h, layer.mlp.forward(ops, x));
            }
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    void load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer) const;

    Ends ends_;
    NormSpec norm_;
    std::vector<Layer> layers_;
};

// LFM2's older name of the three, or the usual one.
std::string part(const WeightStore& weights, const std::string& path, const char* old, const char* name) {
    return path + (weights.has(path + old + ".weight") ? old : name);
}

GluMlp load_mlp(WeightStore& weights, const std::string& path, int hidden, int inner) {
    return {weights.linear(part(weights, path, ".w1", ".gate_proj"), inner, hidden),
            weights.linear(part(weights, path, ".w3", ".up_proj"), inner, hidden),
            weights.linear(part(weights, path, ".w2", ".down_proj"), hidden, inner)};
}

// The dense width of LFM2, or of LFM2-MoE's first layers.
int read_inner(const Config& config) {
    bool mixed = config.has("num_experts");  // newer: its width is as it says
    int inner = config.has("block_ff_dim") ? config.positive("block_ff_dim") : config.positive("intermediate_size");
    if (!config.boolean("block_auto_adjust_ff_dim", !mixed)) return inner;
    inner = 2 * inner / 3;
    if (config.has("block_ffn_dim_multiplier"))
        inner = static_cast<int>(config.number("block_ffn_dim_multiplier") * inner);
    int unit = config.positive("block_multiple_of", 256);
    return unit * ((inner + unit - 1) / unit);
}

ShortConv load_conv(const Loader& loader, const std::string& path, int hidden) {
    WeightStore& weights = loader.weights;
    bool bias = loader.config.boolean("conv_bias", false);
    ShortConv c;
    c.in = weights.linear(path + ".in_proj", 3 * hidden, hidden, bias);
    c.out = weights.linear(path + ".out_proj", hidden, hidden, bias);
    c.conv.kernel = loader.config.positive("conv_L_cache");
    c.conv.silu = false;
    weights.reshape(path + ".conv.weight", {hidden, c.conv.kernel});  // (channels, taps, 1) or (channels, 1, taps)
    c.conv.weight = weights.matrix(path + ".conv", hidden, c.conv.kernel);
    if (bias) c.conv.bias = weights.vector(path + ".conv.bias", hidden);
    c.conv.state = loader.add_state(
        {.kind = StateSpec::Kind::kRecurrent, .floats = static_cast<int64_t>(hidden) * (c.conv.kernel - 1)});
    return c;
}

void Lfm2::load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer) const {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    int experts = config.positive("num_experts"), inner = config.positive("moe_intermediate_size");
    layer.router = weights.linear(path + ".gate", experts, hidden);
    layer.routing.kind = RouterSpec::Kind::kScores;
    layer.routing.top_k = config.positive("num_experts_per_tok");
    layer.routing.normalise = config.boolean("norm_topk_prob", true);
    layer.routing.epsilon = 1e-6;
    layer.routing.scale = config.number("routed_scaling_factor", 1);
    layer.routing.cast = true;
    layer.routing.cast_to = activation_type(ends_);
    if (config.boolean("use_expert_bias", true)) layer.routing.bias = weights.vector(path + ".expert_bias", experts);
    std::string stacked = path + ".switch_mlp.", apart = path + ".experts.{}";
    bool old = weights.has(path + ".experts.0.w1.weight");
    auto matrix = [&](const char* name, const char* former, int rows, int cols) {
        return weights.experts(stacked + name, experts, rows, cols, apart + "." + (old ? former : name));
    };
    layer.experts.gate.weight = matrix("gate_proj", "w1", inner, hidden);
    layer.experts.up.weight = matrix("up_proj", "w3", inner, hidden);
    layer.experts.down.weight = matrix("down_proj", "w2", hidden, inner);
}

// Read only in some layers or sizes, or of no effect here.
void ignore_unread(const Config& config) {
    config.ignore({"intermediate_size",
                   "block_dim",
                   "block_mlp_init_scale",
                   "block_norm_eps",
                   "block_out_init_scale",
                   "block_use_swiglu",
                   "block_use_xavier_init",
                   "conv_dim",
                   "conv_dim_out",
                   "conv_use_xavier_init",
                   "conv_bias",
                   "conv_L_cache",
                   "num_heads",
                   "rms_norm_eps",
                   "use_pos_enc",
                   "theta",
                   "layer_types",
                   "rope_theta",
                   "tie_embedding",
                   "moe_intermediate_size",
                   "num_experts_per_tok",
                   "norm_topk_prob",
                   "use_expert_bias",
                   "routed_scaling_factor",
                   "block_multiple_of",
                   "block_ffn_dim_multiplier",
                   "block_auto_adjust_ff_dim",
                   "block_ff_dim"});
}

Lfm2::Lfm2(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    sizes.eps = static_cast<float>(config.number("norm_eps", 1e-5));
    drop_common(weights);
    ignore_unread(config);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", true, "embed_tokens", "embedding_norm");
    std::vector<std::string> types = config.strings("layer_types");
    std::vector<int> full = config.integers("full_attn_idxs");
    if (full.empty() && types.size() != static_cast<size_t>(sizes.layers))
        fail(FM_INVALID, config.where(), ": layer_types has ", types.size(), " entries for ", sizes.layers, " layers");
    Rope rope = scaled_rope(sizes.head_dim, rope_theta(config, 1000000), false, config.object("rope_parameters"),
                            sizes.context);
    int dense = config.has("num_experts") ? config.integer("num_dense_layers", 0) : sizes.layers;
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.operator_norm = weights.vector(path + ".operator_norm.weight", sizes.hidden);
        layer.ffn_norm = weights.vector(path + ".ffn_norm.weight", sizes.hidden);
        layer.attends = full.empty() ? types[static_cast<size_t>(i)] == "full_attention"
                                     : std::count(full.begin(), full.end(), i) != 0;
        if (layer.attends) {
            layer.attention = load_attention(loader, sizes, path + ".self_attn", {}, 0, "out_proj");
            layer.attention.rope = rope;
            layer.attention.q_norm = weights.vector(path + ".self_attn.q_layernorm.weight", sizes.head_dim);
            layer.attention.k_norm = weights.vector(path + ".self_attn.k_layernorm.weight", sizes.head_dim);
        } else {
            layer.conv = load_conv(loader, path + ".conv", sizes.hidden);
        }
        if (i < dense)
            layer.mlp = load_mlp(weights, path + ".feed_forward", sizes.hidden, read_inner(config));
        else
            load_mixture(loader, sizes.hidden, path + ".feed_forward", layer);
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_lfm2(const Loader& loader) { return std::make_unique<Lfm2>(loader); }

}  // namespace fastmlx
