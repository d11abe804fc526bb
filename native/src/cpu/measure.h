#pragma once
#include <cstdint>

#include "engine/graph.h"

namespace fastmlx {

// How many bytes of tensors the CPU engine comes to hold in steps of `tokens` tokens that sample `sampled` rows: the
// graph is walked with shapes only.
uint64_t measure_scratch(const Graph& graph, int tokens, int sampled);

}  // namespace fastmlx
