#pragma once
#include "models/layers.h"

namespace fastmlx {

// Multi-head latent attention (DeepSeek-V2): keys and values of all heads are projections of one latent vector a token,
// which is all that is stored, with the turned part of the key.
struct LatentAttention {
    Linear q;         // where q_lora_rank is null
    Linear q_a, q_b;  // else low-rank, with a norm between
    Vector q_a_norm, kv_a_norm;
    NormSpec lora_norm;
    Linear kv_a;  // latent, then the key's turning part
    Linear o;
    Rope rope;
    LatentSpec spec;
    Tensor forward(Ops& ops, Tensor x, bool last) const;  // `last`: gives the wanted rows only
};

LatentAttention load_latent_attention(const Loader& loader, const Sizes& sizes, const std::string& path,
                                      float lora_eps);

}  // namespace fastmlx
