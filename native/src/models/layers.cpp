#include "models/layers.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "engine/failure.h"
#include "weights/dequantise.h"

namespace fastmlx {

Sizes read_sizes(const Config& config, int layers) {
    Sizes s{};
    s.hidden = config.positive("hidden_size");
    s.layers = layers > 0 ? layers : config.positive("num_hidden_layers");
    s.heads = config.positive("num_attention_heads");
    s.kv_heads = config.positive("num_key_value_heads", s.heads);
    if (!config.has("head_dim") && s.hidden % s.heads != 0)
        fail(FM_INVALID, config.where(), ": hidden_size is no multiple of num_attention_heads");
    s.head_dim = config.positive("head_dim", s.hidden / s.heads);
    s.vocab = config.positive("vocab_size");
    s.context = config.positive("max_position_embeddings", 32768);
    s.eps = static_cast<float>(config.number("rms_norm_eps", 1e-6));
    if (s.heads % s.kv_heads != 0)
        fail(FM_INVALID, config.where(), ": num_attention_heads is no multiple of num_key_value_heads");
    return s;
}

std::vector<int> read_windows(const Config& config, int layers, int period) {
    std::vector<std::string> types = config.strings("layer_types");
    std::vector<int> windows(static_cast<size_t>(layers), 0);
    if (types.empty() && period > 0)
        for (int i = 0; i < layers; ++i)
            if ((i + 1) % period != 0) windows[static_cast<size_t>(i)] = config.positive("sliding_window");
    if (types.empty()) return windows;
    if (types.size() != static_cast<size_t>(layers))
        fail(FM_INVALID, config.where(), ": layer_types has ", types.size(), " entries for ", layers, " layers");
    for (size_t i = 0; i < types.size(); ++i) {
        if (types[i] != "full_attention" && types[i] != "sliding_attention")
            fail(FM_UNSUPPORTED, config.where(), ": layer type '", types[i], "' is not known here");
        if (types[i] != "full_attention") windows[i] = config.positive("sliding_window");
    }
    return windows;
}

void drop_common(WeightStore& weights) {
    weights.rename(
        [](const std::string& name) { return name.ends_with("rotary_emb.inv_freq") ? std::string() : name; });
}

void drop_layers_from(WeightStore& weights, const std::string& prefix, int layers) {
    weights.rename([&](const std::string& name) {
        bool layer = name.starts_with(prefix) && std::isdigit(static_cast<unsigned char>(name[prefix.size()])) != 0;
        return layer && std::atoi(name.c_str() + prefix.size()) >= layers ? std::string() : name;
    });
}

GluMlp GluMlp::load(WeightStore& weights, const std::string& path, int hidden, int inner, bool bias) {
    return {weights.linear(path + ".gate_proj", inner, hidden, bias),
            weights.linear(path + ".up_proj", inner, hidden, bias),
            weights.linear(path + ".down_proj", hidden, inner, bias)};
}

Tensor GluMlp::forward(Ops& ops, Tensor x) const {
    Tensor g = ops.linear(x, gate), u = ops.linear(x, up);
    return ops.linear(ops.activate(activation, g, u), down);
}

namespace {

// What follows from the sizes once q, k, v are there; declares the state.
void complete(Attention& a, const Loader& loader, const Sizes& sizes, int window) {
    a.head_dim = sizes.head_dim;
    a.norm.eps = sizes.eps;
    a.norm.width = sizes.head_dim;
    a.spec.heads = sizes.heads;
    a.spec.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(sizes.head_dim)));
    a.spec.window = window;
    a.spec.state = loader.add_state({.dtype = product_type(loader, a.k),
                                     .heads = sizes.kv_heads,
                                     .k_dim = sizes.head_dim,
                                     .v_dim = sizes.head_dim,
                                     .window = window});
}

}  // namespace

Attention load_attention(const Loader& loader, const Sizes& sizes, const std::string& path, AttentionBias bias,
                         int window, const char* out) {
    WeightStore& weights = loader.weights;
    Attention a;
    a.q = weights.linear(path + ".q_proj", sizes.heads * sizes.head_dim, sizes.hidden, bias.qkv);
    a.k = weights.linear(path + ".k_proj", sizes.kv_heads * sizes.head_dim, sizes.hidden, bias.qkv);
    a.v = weights.linear(path + ".v_proj", sizes.kv_heads * sizes.head_dim, sizes.hidden, bias.qkv);
    a.o = weights.linear(path + "." + out, sizes.hidden, sizes.heads * sizes.head_dim, bias.out);
    complete(a, loader, sizes, window);
    return a;
}

Attention load_fused_attention(const Loader& loader, const Sizes& sizes, const std::string& path) {
    int queries = sizes.heads * sizes.head_dim, keys = sizes.kv_heads * sizes.head_dim;
    Weight all = loader.weights.matrix(path + ".qkv_proj", queries + 2 * keys, sizes.hidden);
    Attention a;
    a.q.weight = all.slice(0, queries);
    a.k.weight = all.slice(queries, keys);
    a.v.weight = all.slice(queries + keys, keys);
    a.o = loader.weights.linear(path + ".o_proj", sizes.hidden, queries);
    complete(a, loader, sizes, 0);
    return a;
}

Tensor residual(Ops& ops, Tensor h, Tensor y) { return ops.add(h.rows == y.rows ? h : ops.wanted(h), y); }

Tensor Attention::forward(Ops& ops, Tensor x, bool last) const {
    Tensor keys = ops.linear(x, k), values = ops.linear(x, v);
    Tensor queries = ops.linear(last ? ops.wanted(x) : x, q);
    if (q_norm) queries = ops.rms_norm(queries, q_norm, norm);
    if (k_norm) keys = ops.rms_norm(keys, k_norm, norm);
    queries = ops.rope(queries, head_dim, rope);
    keys = ops.rope(keys, head_dim, rope);
    if (position_beta != 0) queries = ops.scale_by_position(queries, position_beta, position_length);
    return ops.linear(ops.attend(queries, keys, values, spec), o);
}

ExpertWeights load_experts(WeightStore& weights, const std::string& path, int experts, int inner, int hidden,
                           const std::string& unstacked, bool bias) {
    auto part = [&](const char* name, int rows, int cols) {
        std::string single = unstacked.empty() ? unstacked : unstacked + ".{}." + name;
        Linear linear{weights.experts(path + "." + name, experts, rows, cols, single), {}};
        if (bias) linear.bias = weights.table(path + "." + name + ".bias", experts, rows);
        return linear;
    };
    return {part("gate_proj", inner, hidden), part("up_proj", inner, hidden), part("down_proj", hidden, inner)};
}

RouterSpec noaux_routing(const Config& config, WeightStore& weights, const std::string& path, int experts) {
    RouterSpec spec;
    spec.kind = RouterSpec::Kind::kSigmoid;
    spec.negated = true;
    spec.top_k = config.positive("num_experts_per_tok");
    spec.normalise = config.boolean("norm_topk_prob", true) && spec.top_k > 1;
    spec.epsilon = 1e-20;
    spec.scale = config.number("routed_scaling_factor", 1);
    spec.groups = config.positive("n_group", 1);
    spec.top_groups = config.positive("topk_group", 1);
    spec.bias = weights.vector(path + ".e_score_correction_bias", experts);
    if (experts % spec.groups != 0 || spec.top_groups > spec.groups || spec.top_k > experts)
        fail(FM_INVALID, config.where(), ": ", experts, " experts do not fit the groups or the choice");
    return spec;
}

NoauxMlp NoauxMlp::load(const Loader& loader, const std::string& path, int hidden, bool sparse) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    NoauxMlp m;
    if (!sparse) {
        m.mlp = GluMlp::load(weights, path, hidden, config.positive("intermediate_size"));
        return m;
    }
    int experts = config.positive("n_routed_experts"), inner = config.positive("moe_intermediate_size");
    int shared = config.integer("n_shared_experts", 0);
    m.router = weights.linear(path + ".gate", experts, hidden);
    m.routing = noaux_routing(config, weights, path + ".gate", experts);
    m.experts = load_experts(weights, path + ".switch_mlp", experts, inner, hidden, path + ".experts");
    if (shared > 0) m.mlp = GluMlp::load(weights, path + ".shared_experts", hidden, inner * shared);
    return m;
}

Tensor NoauxMlp::forward(Ops& ops, Tensor x) const {
    if (!router) return mlp.forward(ops, x);
    Tensor y = ops.experts(x, ops.route(ops.linear(x, router), routing), experts);
    return mlp.gate ? ops.add(y, mlp.forward(ops, x)) : y;
}

Ends Ends::load(const Loader& loader, const Sizes& sizes, const std::string& prefix, const std::string& head, bool tied,
                const char* embed_name, const char* norm_name) {
    WeightStore& weights = loader.weights;
    Ends ends;
    ends.embed = weights.matrix(prefix + embed_name, sizes.vocab, sizes.hidden);
    ends.norm = weights.vector(prefix + norm_name + ".weight", sizes.hidden);
    ends.norm_spec.eps = sizes.eps;
    if (tied) {
        weights.drop_prefix(head + ".");  // a leftover: the embedding is the head
        ends.head.weight = ends.embed;
    } else {
        ends.head = weights.linear(head, sizes.vocab, sizes.hidden);
    }
    loader.facts.vocab_size = sizes.vocab;
    loader.facts.context_max = sizes.context;
    loader.facts.activations = activation_type(ends);
    return ends;
}

DType product_type(const Loader& loader, const Linear& linear) {
    DType in = loader.facts.activations;
    bool codes = linear.weight.storage != Storage::kDense && linear.weight.storage != Storage::kAffine;
    DType product = codes ? in : promote(in, linear.weight.dtype);
    return linear.bias ? promote(product, linear.bias.dtype) : product;
}

DType activation_type(const Ends& ends) { return promote(ends.embed.dtype, ends.norm.dtype); }

bool is_zero(const Weight& weight) {
    std::vector<float> row(static_cast<size_t>(weight.cols));
    for (int r = 0; r < weight.rows; ++r) {
        dequantise_plain(weight.storage, weight.bits, weight.group, weight.dtype, weight.row(0, r), weight.cols,
                         row.data());
        if (std::any_of(row.begin(), row.end(), [](float x) { return x != 0; })) return false;
    }
    return true;
}

}  // namespace fastmlx
