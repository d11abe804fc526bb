#pragma once
#include <vector>

#include "engine/backend.h"
#include "engine/sampler.h"

namespace fastmlx {

// From a row's logits to its token, its scores and what is kept for log-probabilities. A backend calls begin, then
// `choose` or `skip` once for each row in order; `score` for each scored token in order, before or between. One thread.
class Chooser {
  public:
    void begin(const Batch& batch, StepResult& result);
    void skip(StepResult& result) { result.next.push_back(-1); }
    // `entry` is the row as it is to be sampled.
    void choose(const Batch& batch, size_t row, const fm_row& entry, const float* logits, int vocab,
                StepResult& result);
    // The logits behind the next token of `row` that has a target; `index` counts them from 0.
    void score(const Batch& batch, size_t row, int index, const float* logits, int vocab, StepResult& result);

  private:
    const float* adjusted(const Adjusts& all, const fm_adjust& adjust, const float* logits, int vocab);
    void penalise(const Adjusts& all, const fm_adjust& adjust);

    struct Seen {
        bool any = false;     // in prompt or answer
        int32_t answers = 0;  // times in the answer
    };
    Sampler sampler_;
    std::vector<float> logits_;     // a changed copy
    std::vector<Seen> seen_;        // of each token; empty marks between rows
    std::vector<int32_t> touched_;  // tokens with a mark
};

}  // namespace fastmlx
