#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/ops.h"
#include "weights/config.h"
#include "weights/store.h"

namespace fastmlx {

// An architecture with its weights: arithmetic only, no state of its own.
class Graph {
  public:
    virtual ~Graph() = default;
    virtual Tensor hidden(Ops& ops) const = 0;                 // after the last norm, for the wanted rows (Ops::wanted)
    virtual Tensor logits(Ops& ops, Tensor hidden) const = 0;  // for the rows that are asked for
};

struct ModelFacts {
    std::string model_type;
    int vocab_size = 0, context_max = 0;
    DType activations = DType::kF32;  // the format that layers hand on
    std::vector<StateSpec> states;
};

// What a family's load function works with: it reads the config, takes weights and declares states.
struct Loader {
    const Config& config;
    WeightStore& weights;
    ModelFacts& facts;

    int add_state(const StateSpec& spec) const {
        facts.states.push_back(spec);
        return static_cast<int>(facts.states.size()) - 1;
    }
};

using LoadFunction = std::unique_ptr<Graph> (*)(const Loader&);

struct Family {
    const char* model_type;
    LoadFunction load;
};

const Family* find_family(const std::string& model_type);  // nullptr where it is unknown
std::string known_families();

}  // namespace fastmlx
