#pragma once
#include <string_view>

namespace fastmlx {

// Whether a field of config.json never changes what a text model computes: training, tokens, bookkeeping, other
// modalities, and what WeightStore reads itself.
bool is_harmless(std::string_view key);

}  // namespace fastmlx
