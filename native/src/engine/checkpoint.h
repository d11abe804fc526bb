#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/graph.h"

namespace fastmlx {

// A checkpoint in memory, or this process's part of it: what a family made of it, and the files its weights point into.
struct Checkpoint {
    Json json;
    WeightStore weights;
    ModelFacts facts;
    std::unique_ptr<Graph> graph;
    uint64_t fingerprint = 0;  // of weights, states and `state_format`, the backend's way of saving them

    Checkpoint(const std::string& folder, uint64_t state_format, const Shard& shard = {});
};

}  // namespace fastmlx
