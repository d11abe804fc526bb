#include <algorithm>
#include <cmath>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Qwen3-Next and Qwen3.5 (also 3.6 and 3.8), dense and MoE: three of four layers are gated DeltaNets (Yang et al.
// 2024), the fourth is attention with a sigmoid gate on its output; a mixture with a gated shared expert, or a plain
// MLP.

namespace fastmlx {
namespace {

struct DeltaNet {
    Linear qkvz, ba;      // Qwen3-Next: fused, laid out by key head
    Linear qkv, z, b, a;  // Qwen3.5: apart
    Linear out;
    Vector norm;
    NormSpec norm_spec;
    ConvSpec conv;
    DeltaSpec delta;
    Tensor forward(Ops& ops, Tensor x, bool last) const;
};

Tensor DeltaNet::forward(Ops& ops, Tensor x, bool last) const {
    int nk = delta.k_heads, dk = delta.k_dim, keys = nk * dk, values = delta.v_heads * delta.v_dim;
    Tensor mixed, gate, beta, rate;
    if (qkvz) {
        Tensor all = ops.linear(x, qkvz), rates = ops.linear(x, ba);
        int dv = values / nk, ratio = delta.v_heads / nk;
        Tensor qk = ops.concat(ops.columns(all, nk, 0, dk), ops.columns(all, nk, dk, dk), 1);
        mixed = ops.concat(qk, ops.columns(all, nk, 2 * dk, dv), 1);
        gate = ops.columns(all, nk, 2 * dk + dv, dv);
        beta = ops.columns(rates, nk, 0, ratio);
        rate = ops.columns(rates, nk, ratio, ratio);
    } else {
        mixed = ops.linear(x, qkv);
        gate = ops.linear(x, z);
        beta = ops.linear(x, b);
        rate = ops.linear(x, a);
    }
    mixed = ops.conv1d(mixed, conv);
    NormSpec unit{.eps = 1e-6f, .width = dk};
    double scale = 1 / std::sqrt(static_cast<double>(dk));
    Tensor q = ops.scale(ops.rms_norm(ops.columns(mixed, 1, 0, keys), {}, unit), scale * scale);
    Tensor k = ops.scale(ops.rms_norm(ops.columns(mixed, 1, keys, keys), {}, unit), scale);
    Tensor v = ops.columns(mixed, 1, 2 * keys, values);
    Tensor y = ops.gated_delta(q, k, v, rate, beta, delta);
    if (last) y = ops.wanted(y), gate = ops.wanted(gate);
    return ops.linear(ops.rms_norm_gated(y, gate, norm, norm_spec), out);
}

// q_proj gives each head its query and its gate.
struct GatedAttention {
    Linear q, k, v, o;
    Vector q_norm, k_norm;
    NormSpec norm;
    Rope rope;
    int head_dim = 0;
    AttendSpec spec;
    Tensor forward(Ops& ops, Tensor x, bool last) const;
};

Tensor GatedAttention::forward(Ops& ops, Tensor x, bool last) const {
    Tensor keys = ops.rms_norm(ops.linear(x, k), k_norm, norm), values = ops.linear(x, v);
    Tensor both = ops.linear(last ? ops.wanted(x) : x, q);
    Tensor queries = ops.rms_norm(ops.columns(both, spec.heads, 0, head_dim), q_norm, norm);
    Tensor gate = ops.columns(both, spec.heads, head_dim, head_dim);
    Tensor y = ops.attend(ops.rope(queries, head_dim, rope), ops.rope(keys, head_dim, rope), values, spec);
    return ops.linear(ops.multiply(y, ops.sigmoid(gate)), o);
}

struct Layer {
    Vector input_norm, post_norm;
    bool linear = false;
    DeltaNet delta;
    GatedAttention attention;
    GluMlp mlp;  // or the shared expert
    Linear router, shared_gate;
    ExpertWeights experts;
};

class Qwen3Next final : public Graph {
  public:
    Qwen3Next(const Loader& loader, const Config& config, const std::string& prefix);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            Tensor x = ops.rms_norm(h, layer.input_norm, norm_);
            h = residual(ops, h,
                         layer.linear ? layer.delta.forward(ops, x, last) : layer.attention.forward(ops, x, last));
            h = ops.add(h, feed_forward(ops, layer, ops.rms_norm(h, layer.post_norm, norm_)));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Tensor feed_forward(Ops& ops, const Layer& layer, Tensor x) const {
        if (!layer.router) return layer.mlp.forward(ops, x);
        Tensor y = ops.experts(x, ops.route(ops.linear(x, layer.router), routing_), layer.experts);
        Tensor gate = ops.sigmoid(ops.linear(x, layer.shared_gate));
        return ops.add(y, ops.multiply(layer.mlp.forward(ops, x), gate));
    }
    DeltaNet load_delta(const Loader& loader, const Config& config, const Sizes& sizes, const std::string& path) const;
    GatedAttention load_gated(const Loader& loader, const Sizes& sizes, const std::string& path,
                              const Rope& rope) const;
    void load_mixture(WeightStore& weights, const Config& config, int hidden, const std::string& path, Layer& layer);

    Ends ends_;
    NormSpec norm_;
    RouterSpec routing_;
    std::vector<Layer> layers_;
};

DeltaNet Qwen3Next::load_delta(const Loader& loader, const Config& config, const Sizes& sizes,
                               const std::string& path) const {
    WeightStore& weights = loader.weights;
    DeltaNet net;
    DeltaSpec& d = net.delta;
    d.k_heads = config.positive("linear_num_key_heads");
    d.v_heads = config.positive("linear_num_value_heads");
    d.k_dim = config.positive("linear_key_head_dim");
    d.v_dim = config.positive("linear_value_head_dim");
    if (d.v_heads % d.k_heads != 0) fail(FM_INVALID, config.where(), ": value heads are no multiple of key heads");
    int keys = d.k_heads * d.k_dim, values = d.v_heads * d.v_dim, channels = 2 * keys + values;
    net.conv.kernel = config.positive("linear_conv_kernel_dim");
    if (weights.has(path + ".in_proj_qkvz.weight")) {
        net.qkvz = weights.linear(path + ".in_proj_qkvz", 2 * keys + 2 * values, sizes.hidden);
        net.ba = weights.linear(path + ".in_proj_ba", 2 * d.v_heads, sizes.hidden);
    } else {
        net.qkv = weights.linear(path + ".in_proj_qkv", channels, sizes.hidden);
        net.z = weights.linear(path + ".in_proj_z", values, sizes.hidden);
        net.b = weights.linear(path + ".in_proj_b", d.v_heads, sizes.hidden);
        net.a = weights.linear(path + ".in_proj_a", d.v_heads, sizes.hidden);
    }
    net.out = weights.linear(path + ".out_proj", sizes.hidden, values);
    weights.reshape(path + ".conv1d.weight", {channels, net.conv.kernel});
    net.conv.weight = weights.matrix(path + ".conv1d", channels, net.conv.kernel);
    d.a_log = weights.vector(path + ".A_log", d.v_heads);
    d.dt_bias = weights.vector(path + ".dt_bias", d.v_heads);
    net.norm = weights.vector(path + ".norm.weight", d.v_dim);
    net.norm_spec = {.eps = sizes.eps, .width = d.v_dim};
    d.offset = static_cast<int64_t>(channels) * (net.conv.kernel - 1);
    int64_t memory = static_cast<int64_t>(d.v_heads) * d.v_dim * d.k_dim;
    d.state = loader.add_state({.kind = StateSpec::Kind::kRecurrent, .floats = d.offset + memory});
    net.conv.state = d.state;
    return net;
}

GatedAttention Qwen3Next::load_gated(const Loader& loader, const Sizes& sizes, const std::string& path,
                                     const Rope& rope) const {
    WeightStore& weights = loader.weights;
    GatedAttention a;
    a.q = weights.linear(path + ".q_proj", 2 * sizes.heads * sizes.head_dim, sizes.hidden);
    a.k = weights.linear(path + ".k_proj", sizes.kv_heads * sizes.head_dim, sizes.hidden);
    a.v = weights.linear(path + ".v_proj", sizes.kv_heads * sizes.head_dim, sizes.hidden);
    a.o = weights.linear(path + ".o_proj", sizes.hidden, sizes.heads * sizes.head_dim);
    a.q_norm = weights.vector(path + ".q_norm.weight", sizes.head_dim);
    a.k_norm = weights.vector(path + ".k_norm.weight", sizes.head_dim);
    a.norm = norm_;
    a.norm.width = sizes.head_dim;
    a.rope = rope;
    a.head_dim = sizes.head_dim;
    a.spec.heads = sizes.heads;
    a.spec.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(sizes.head_dim)));
    a.spec.state = loader.add_state({.dtype = product_type(loader, a.k),
                                     .heads = sizes.kv_heads,
                                     .k_dim = sizes.head_dim,
                                     .v_dim = sizes.head_dim});
    return a;
}

void Qwen3Next::load_mixture(WeightStore& weights, const Config& config, int hidden, const std::string& path,
                             Layer& layer) {
    int experts = config.positive("num_experts"), inner = config.positive("moe_intermediate_size");
    layer.router = weights.linear(path + ".gate", experts, hidden);
    layer.shared_gate = weights.linear(path + ".shared_expert_gate", 1, hidden);
    layer.mlp =
        GluMlp::load(weights, path + ".shared_expert", hidden, config.positive("shared_expert_intermediate_size"));
    std::string fused = path + ".experts.gate_up_proj";
    if (weights.has(fused)) {  // Hugging Face's layout: gate above up, names without .weight
        weights.rename_one(fused, fused + ".weight");
        weights.rename_one(path + ".experts.down_proj", path + ".experts.down_proj.weight");
        Weight both = weights.experts(fused, experts, 2 * inner, hidden);
        layer.experts.gate.weight = both.slice(0, inner);
        layer.experts.up.weight = both.slice(inner, inner);
        layer.experts.down.weight = weights.experts(path + ".experts.down_proj", experts, hidden, inner);
    } else {
        layer.experts = load_experts(weights, path + ".switch_mlp", experts, inner, hidden, path + ".experts");
    }
}

Qwen3Next::Qwen3Next(const Loader& loader, const Config& config, const std::string& prefix) {
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "attention_bias", "mamba_ssm_dtype", "moe_intermediate_size",
                   "shared_expert_intermediate_size", "norm_topk_prob", "num_experts_per_tok", "rope_theta",
                   "rope_scaling", "partial_rotary_factor", "mlp_only_layers"});
    norm_.eps = sizes.eps;
    // Only Hugging Face's layout has the taps last; there the norms are stored as w - 1.
    for (const auto& [name, view] : weights.tensors())
        if (name.ends_with("conv1d.weight") && view.shape.size() == 3 && view.shape[1] == 1 && view.shape[2] != 1)
            norm_.plus_one = true;
    ends_ =
        Ends::load(loader, sizes, prefix + "model.", prefix + "lm_head", config.boolean("tie_word_embeddings", false));
    std::optional<Config> rope_config = config.object("rope_parameters");
    if (!rope_config) rope_config = config.object("rope_scaling");
    double theta = config.number("rope_theta", 1e7), share = config.number("partial_rotary_factor", 0.25);
    if (rope_config) {
        theta = rope_config->number("rope_theta", theta);
        share = rope_config->number("partial_rotary_factor", share);
    }
    Rope rope = scaled_rope(static_cast<int>(sizes.head_dim * share), theta, false, rope_config, sizes.context);
    int interval = config.positive("full_attention_interval", 4), step = config.positive("decoder_sparse_step", 1);
    std::vector<int> dense = config.integers("mlp_only_layers");
    std::vector<std::string> types = config.strings("layer_types");
    if (!types.empty() && types.size() != static_cast<size_t>(sizes.layers))
        fail(FM_INVALID, config.where(), ": layer_types has ", types.size(), " entries for ", sizes.layers, " layers");
    if (!config.boolean("attn_output_gate", true))
        fail(FM_UNSUPPORTED, config.where(), ": attention without a gate on its output is not known here");
    bool mixture = config.integer("num_experts", 0) > 0;
    routing_.top_k = mixture ? config.positive("num_experts_per_tok") : 1;
    routing_.normalise = config.boolean("norm_topk_prob", true);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = prefix + "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.linear = types.empty() ? (i + 1) % interval != 0 : types[static_cast<size_t>(i)] == "linear_attention";
        if (layer.linear)
            layer.delta = load_delta(loader, config, sizes, path + ".linear_attn");
        else
            layer.attention = load_gated(loader, sizes, path + ".self_attn", rope);
        if (mixture && std::count(dense.begin(), dense.end(), i) == 0 && (i + 1) % step == 0)
            load_mixture(weights, config, sizes.hidden, path + ".mlp", layer);
        else
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_qwen3_next(const Loader& loader) {
    drop_common(loader.weights);
    loader.weights.rename([](const std::string& name) { return name.starts_with("mtp.") ? std::string() : name; });
    return std::make_unique<Qwen3Next>(loader, loader.config, "");
}

std::unique_ptr<Graph> load_qwen3_5(const Loader& loader) {
    drop_common(loader.weights);
    loader.weights.rename([](const std::string& name) -> std::string {
        const std::string wrapper = "model.language_model.";
        if (name.starts_with("vision_tower") || name.starts_with("model.visual") ||
            name.find("mtp.") != std::string::npos)
            return {};
        if (name.starts_with(wrapper)) return "language_model.model." + name.substr(wrapper.size());
        return name.starts_with("language_model.") ? name : "language_model." + name;
    });
    Config text = loader.config.object("text_config").value_or(loader.config);
    return std::make_unique<Qwen3Next>(loader, text, "language_model.");
}

}  // namespace fastmlx
