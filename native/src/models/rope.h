#pragma once
#include "engine/ops.h"
#include "weights/config.h"

namespace fastmlx {

Rope plain_rope(int dims, double base, bool interleaved = false);

// What config.json says of it: in fields of its own, or, in newer files, together in rope_parameters.
double rope_theta(const Config& config, double fallback);
double rope_share(const Config& config, double fallback);  // partial_rotary_factor
// Newer files of families with windows have rope_parameters per kind of layer; empty where this one has not.
std::optional<Config> rope_of_layers(const Config& config, bool window);
std::optional<Config> rope_scaling(const Config& config);

// The kinds of rope_scaling / rope_parameters: default, mrope, linear, llama3, yarn, longrope/su, dynamic,
// proportional. `scaling` may be absent. Another kind is an error.
// `original` is longrope's original_max_position_embeddings where that is not in `scaling`.
Rope scaled_rope(int dims, double base, bool interleaved, const std::optional<Config>& scaling, int context_max,
                 int original = 4096);

// The wavelengths span all `dims`, but only the leading `share` of the pairs turns.
Rope proportional_rope(int dims, double base, bool interleaved, double share, double factor);

// yarn's attention factor for a stretch of `scale`.
double yarn_mscale(double scale, double mscale);

}  // namespace fastmlx
