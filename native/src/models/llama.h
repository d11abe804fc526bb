#pragma once
#include <memory>
#include <string>
#include <vector>

#include "models/layers.h"
#include "models/rope.h"

namespace fastmlx {

// What the heirs of Llama's graph changed.
struct LlamaTraits {
    std::string prefix;  // of all weights
    bool tied = true;
    AttentionBias bias;
    bool mlp_bias = false;
    bool head_norms = false;  // norms on each head's q and k
    bool fused = false;       // qkv_proj and gate_up_proj in one matrix each
    Rope rope;
    std::vector<bool> plain;   // layers without rope; empty = none
    std::vector<int> windows;  // per layer; empty = all full
    double embed_scale = 1, residual_scale = 1, logits_divisor = 1;
    float attention_scale = 0;  // 0 = 1/√head_dim
    float position_beta = 0;
    int position_length = 1;
};

std::unique_ptr<Graph> make_llama(const Loader& loader, const LlamaTraits& traits);

// Llama's own traits as config.json gives them; families start from these.
LlamaTraits llama_traits(const Config& config);

}  // namespace fastmlx
