#include <cmath>

#include "models/gemma4.h"

namespace fastmlx {

Tensor Gemma4Attention::forward(Ops& ops, Tensor x, bool last) const {
    Tensor asked = ops.linear(last ? ops.wanted(x) : x, q);
    Tensor queries = ops.rope(ops.rms_norm(asked, q_norm, norm), head_dim, rope);
    if (!k) return ops.linear(ops.attend(queries, {}, {}, spec), o);
    Tensor keys = ops.linear(x, k);
    Tensor values = ops.rms_norm(v ? ops.linear(x, v) : keys, {}, norm);
    keys = ops.rope(ops.rms_norm(keys, k_norm, norm), head_dim, rope);
    return ops.linear(ops.attend(queries, keys, values, spec), o);
}

Gemma4Mixture Gemma4Mixture::load(const Loader& loader, const std::string& path, int hidden) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    int experts = config.positive("num_experts"), inner = config.positive("moe_intermediate_size");
    Gemma4Mixture m;
    Vector scale = weights.vector(path + ".router.scale", hidden);
    float root = round_to(scale.dtype, static_cast<float>(1 / std::sqrt(static_cast<double>(hidden))));
    std::vector<float> scaled;
    for (int i = 0; i < hidden; ++i) scaled.push_back(load_float(scale.dtype, scale.data, i) * root);
    m.router_norm = weights.make_vector(scaled, scale.dtype);
    m.router = weights.linear(path + ".router.proj", experts, hidden);
    m.routing.kind = RouterSpec::Kind::kTopKSoftmax;
    m.routing.precise = false;
    m.routing.top_k = config.positive("top_k_experts");
    m.routing.expert_scale = weights.vector(path + ".router.per_expert_scale", experts);
    m.before = weights.vector(path + ".pre_feedforward_layernorm_2.weight", hidden);
    m.after_mlp = weights.vector(path + ".post_feedforward_layernorm_1.weight", hidden);
    m.after = weights.vector(path + ".post_feedforward_layernorm_2.weight", hidden);
    std::string fused = path + ".experts.gate_up_proj", down = path + ".experts.down_proj";
    if (weights.has(fused)) {  // Hugging Face's layout: gate above up, names without .weight
        weights.rename_one(fused, fused + ".weight");
        weights.rename_one(down, down + ".weight");
        Weight both = weights.experts(fused, experts, 2 * inner, hidden);
        m.experts.gate.weight = both.slice(0, inner);
        m.experts.up.weight = both.slice(inner, inner);
        m.experts.down.weight = weights.experts(down, experts, hidden, inner);
    } else {
        m.experts = load_experts(weights, path + ".experts.switch_glu", experts, inner, hidden);
    }
    m.experts.activation = Activation::kGeGlu;
    return m;
}

Tensor Gemma4Mixture::forward(Ops& ops, Tensor h, const NormSpec& norm) const {
    Routing chosen = ops.route(ops.linear(ops.rms_norm(h, router_norm, norm), router), routing);
    return ops.rms_norm(ops.experts(ops.rms_norm(h, before, norm), chosen, experts), after, norm);
}

}  // namespace fastmlx
