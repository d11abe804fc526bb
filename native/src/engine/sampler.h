#pragma once
#include <cstdint>
#include <vector>

#include "fastmlx.h"

namespace fastmlx {

// Chooses a token. The choice depends only on the logits, the row's parameters, its seed and the position of the new
// token: never on other rows, threads or time. Order: temperature, top-k, top-p, min-p.
class Sampler {
  public:
    int sample(const float* logits, int vocab, const fm_row& row, int position);

  private:
    struct Candidate {
        float weight;  // exp((logit - best) / temperature)
        int32_t id;
    };
    int draw_filtered(const fm_row& row, double total, double uniform);

    std::vector<Candidate> candidates_;
};

// Uniform in [0, 1) from a counter-based generator.
double uniform_at(uint64_t seed, int position);

// Log-softmax of `logits` at `token`, and the `top` best in falling order.
float log_probability(const float* logits, int vocab, int token);
void top_log_probabilities(const float* logits, int vocab, int top, int32_t* ids, float* out);

}  // namespace fastmlx
