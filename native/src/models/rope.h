#pragma once
#include "engine/ops.h"
#include "weights/config.h"

namespace fastmlx {

Rope plain_rope(int dims, double base, bool interleaved = false);

// The kinds of rope_scaling / rope_parameters: default, mrope, linear, llama3, yarn, longrope/su, dynamic,
// proportional. `scaling` may be absent. Another kind is an error.
Rope scaled_rope(int dims, double base, bool interleaved, const std::optional<Config>& scaling, int context_max);

// yarn's attention factor for a stretch of `scale`.
double yarn_mscale(double scale, double mscale);

}  // namespace fastmlx
