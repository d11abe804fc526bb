#pragma once
#include "models/layers.h"

namespace fastmlx {

// Mamba-2 (Dao and Gu 2024): one projection to gate, (x, B, C) through a short convolution, and time steps; the
// recurrence; a gated norm by groups.
struct Mamba2 {
    Linear in, out;
    Vector norm;
    NormSpec norm_spec;
    ConvSpec conv;
    SsmSpec ssm;
    Tensor forward(Ops& ops, Tensor x, bool last) const;  // `last`: gives the wanted rows only
};

struct Mamba2Sizes {
    int hidden = 0, heads = 0, head_dim = 0, groups = 0, state_dim = 0, kernel = 0;
    int norm_width = 0;  // 0 = one norm over all heads
    float eps = 0, dt_min = 0, dt_max = 0;
    bool projection_bias = false, conv_bias = false;
};

Mamba2 load_mamba2(const Loader& loader, const Mamba2Sizes& sizes, const std::string& path);

// time_step_limit, or the fallback where the config has none.
void read_dt_limit(const Config& config, Mamba2Sizes& sizes, float low, float high);

}  // namespace fastmlx
