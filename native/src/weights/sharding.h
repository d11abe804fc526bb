#pragma once
#include <string>

#include "weights/json.h"

namespace fastmlx {

// Which part of a model this process holds, where several compute it together (tensor parallel).
struct Shard {
    int rank = 0, size = 1;
    explicit operator bool() const { return size > 1; }
};

// Makes config.json that of one part: fewer heads, narrower MLPs and experts. The family then builds the graph of its
// part as if it were a whole model, and the WeightStore cuts each tensor that is larger than what the graph asks for:
// in rows where the part makes fewer features, in columns where it gets fewer. A product over cut columns is a partial
// sum (Weight::partial), which Ops adds up over all parts. FM_UNSUPPORTED for a family whose graph is not made of such
// pieces alone, or a size that does not divide.
void shard_config(Json& config, const std::string& model_type, const Shard& shard);

}  // namespace fastmlx
