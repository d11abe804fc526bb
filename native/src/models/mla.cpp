#include "models/mla.h"

#include <cmath>

#include "engine/failure.h"
#include "models/rope.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

// Older files have kv_b_proj [heads · (nope + v), latent]: per head the key rows, transposed, are embed_q; the value
// rows are unembed_out. Quantised ones are requantised, as mlx-lm does.
void split_kv_b(WeightStore& weights, const std::string& path, int heads, const LatentSpec& a) {
    weights.guess_quantisation(path + ".kv_b_proj", a.latent);
    Weight kv_b = weights.matrix(path + ".kv_b_proj", heads * (a.nope + a.values), a.latent);
    std::vector<float> row(static_cast<size_t>(a.latent));
    auto count = static_cast<size_t>(heads) * static_cast<size_t>(a.latent);
    std::vector<float> keys(count * static_cast<size_t>(a.nope)), values(count * static_cast<size_t>(a.values));
    for (int h = 0; h < heads; ++h)
        for (int r = 0; r < a.nope + a.values; ++r) {
            WeightRow packed = kv_b.row(0, static_cast<int64_t>(h) * (a.nope + a.values) + r);
            if (kv_b.storage == Storage::kAffine)
                dequantise_rounded(kv_b.storage, kv_b.bits, kv_b.group, kv_b.dtype, kv_b.dtype, packed, a.latent,
                                   row.data(), nullptr);
            else
                dequantise_plain(kv_b.storage, kv_b.bits, kv_b.group, kv_b.dtype, packed, a.latent, row.data());
            for (int i = 0; i < a.latent; ++i) {
                float value = round_to(kv_b.dtype, row[static_cast<size_t>(i)]);
                int64_t key_at = (static_cast<int64_t>(h) * a.latent + i) * a.nope + r;
                int64_t value_at = (static_cast<int64_t>(h) * a.values + r - a.nope) * a.latent + i;
                if (r < a.nope)
                    keys[static_cast<size_t>(key_at)] = value;
                else
                    values[static_cast<size_t>(value_at)] = value;
            }
        }
    weights.put_like(kv_b, path + ".embed_q", keys, {heads, a.latent, a.nope});
    weights.put_like(kv_b, path + ".unembed_out", values, {heads, a.values, a.latent});
    for (const char* part : {".weight", ".scales", ".biases"}) weights.remove(path + ".kv_b_proj" + part);
}

}  // namespace

LatentAttention load_latent_attention(const Loader& loader, const Sizes& sizes, const std::string& path,
                                      float lora_eps) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    LatentAttention a;
    LatentSpec& s = a.spec;
    s.latent = config.positive("kv_lora_rank");
    s.nope = config.positive("qk_nope_head_dim");
    s.turning = config.positive("qk_rope_head_dim");
    s.values = config.positive("v_head_dim");
    bool bias = config.boolean("attention_bias", false);
    int queries = sizes.heads * (s.nope + s.turning);
    if (config.has("q_lora_rank")) {
        int rank = config.positive("q_lora_rank");
        a.q_a = weights.linear(path + ".q_a_proj", rank, sizes.hidden, bias);
        a.q_a_norm = weights.vector(path + ".q_a_layernorm.weight", rank);
        a.q_b = weights.linear(path + ".q_b_proj", queries, rank);
    } else {
        a.q = weights.linear(path + ".q_proj", queries, sizes.hidden);
    }
    a.kv_a = weights.linear(path + ".kv_a_proj_with_mqa", s.latent + s.turning, sizes.hidden, bias);
    a.kv_a_norm = weights.vector(path + ".kv_a_layernorm.weight", s.latent);
    a.lora_norm.eps = lora_eps;
    if (weights.has(path + ".kv_b_proj.weight")) split_kv_b(weights, path, sizes.heads, s);
    s.embed_q = weights.experts(path + ".embed_q", sizes.heads, s.latent, s.nope);
    s.unembed_out = weights.experts(path + ".unembed_out", sizes.heads, s.values, s.latent);
    a.o = weights.linear(path + ".o_proj", sizes.hidden, sizes.heads * s.values, bias);
    std::optional<Config> scaling = rope_scaling(config);
    a.rope = scaled_rope(s.turning, rope_theta(config, 10000), true, scaling, sizes.context);
    double scale = 1 / std::sqrt(static_cast<double>(s.nope + s.turning));
    if (scaling && scaling->number("mscale_all_dim", 0) != 0) {
        double stretch = yarn_mscale(scaling->number("factor", 1), scaling->number("mscale_all_dim", 0));
        scale *= stretch * stretch;
    }
    s.heads = sizes.heads;
    s.scale = static_cast<float>(scale);
    s.state = loader.add_state({.dtype = promote(a.kv_a.weight.dtype, a.kv_a_norm.dtype),
                                .heads = 1,
                                .k_dim = s.latent + s.turning,
                                .v_dim = s.latent,
                                .values_in_keys = true});
    return a;
}

Tensor LatentAttention::forward(Ops& ops, Tensor x, bool last) const {
    Tensor compressed = ops.linear(x, kv_a);
    if (last) x = ops.wanted(x);
    Tensor queries = q ? ops.linear(x, q) : ops.linear(ops.rms_norm(ops.linear(x, q_a), q_a_norm, lora_norm), q_b);
    Tensor latent = ops.rms_norm(ops.columns(compressed, 1, 0, spec.latent), kv_a_norm, lora_norm);
    Tensor turned_k = ops.rope(ops.columns(compressed, 1, spec.latent, spec.turning), spec.turning, rope);
    Tensor turned_q = ops.rope(ops.columns(queries, spec.heads, spec.nope, spec.turning), spec.turning, rope);
    Tensor plain_q = ops.columns(queries, spec.heads, 0, spec.nope);
    return ops.linear(ops.attend_latent(plain_q, turned_q, latent, turned_k, spec), o);
}

}  // namespace fastmlx
