#pragma once
#include <algorithm>
#include <cmath>

#include "engine/dtype.h"

namespace fastmlx {

// Functions of one value in MLX's forms, rounded to `t` where its loops round.

inline float sigmoid_of(DType t, float x) {
    // The exponential of |x| is rounded, the rest is float32.
    float y = 1.f / (1.f + round_to(t, std::exp(std::fabs(x))));
    return round_to(t, x < 0 ? y : 1.f - y);
}

// log(exp(x) + 1)
inline float softplus_of(DType t, float x) {
    float high = std::max(x, 0.f), low = std::min(x, 0.f);
    float power = round_to(t, std::exp(round_to(t, low - high)));
    return round_to(t, high + round_to(t, std::log1p(power)));
}

// gelu's tanh form with a rounding after every step, as MLX's compiled graph has it.
inline float gelu_of(DType t, float x) {
    float cube = round_to(t, x * x * x);  // a power in MLX: rounded once
    float inner = round_to(t, x + round_to(t, round_to(t, 0.044715f) * cube));
    float turned = round_to(t, std::tanh(round_to(t, round_to(t, 0.7978845608028654f) * inner)));
    return round_to(t, round_to(t, 0.5f * x) * round_to(t, 1.f + turned));
}

}  // namespace fastmlx
