#pragma once
#include <string>
#include <vector>

#include "models/layers.h"

namespace fastmlx {

// Gemma 4's attention: head norms, values normed without a weight, scores unscaled. Full layers have wider heads and
// may use their keys as values; late layers may read an earlier layer's state.
struct Gemma4Attention {
    Linear q, k, v, o;  // no k: reads an earlier layer's state; no v: the values are the keys before their norm
    Vector q_norm, k_norm;
    NormSpec norm;
    Rope rope;
    int head_dim = 0;
    AttendSpec spec;
    Tensor forward(Ops& ops, Tensor x, bool last) const;
};

// The mixture that runs beside the dense MLP.
struct Gemma4Mixture {
    Vector router_norm, before, after_mlp, after;
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
    static Gemma4Mixture load(const Loader& loader, const std::string& path, int hidden);
    Tensor forward(Ops& ops, Tensor h, const NormSpec& norm) const;
};

struct Gemma4Layer {
    Vector before_attention, after_attention, before_mlp, after_mlp, scalar;
    Gemma4Attention attention;
    GluMlp mlp;
    Gemma4Mixture mixture;        // 26B-A4B
    Linear input_gate, input_up;  // E2B, E4B: each layer has an embedding of the token of its own
    Vector after_input;
};

}  // namespace fastmlx
