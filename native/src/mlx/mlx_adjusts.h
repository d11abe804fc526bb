#pragma once
#include <optional>
#include <vector>

#include "engine/backend.h"
#include "mlx/mlx_arrays.h"

namespace fastmlx {

// What Chooser does to a row's logits, on the device. logits: (1, vocab) float32; `last` is the token that the row
// feeds as FM_LAST_TOKEN, (1), which counts as the answer's last.
mx::array adjusted(const mx::array& logits, const Adjusts& all, const fm_adjust& adjust,
                   const std::optional<mx::array>& last);

// Log-probabilities of given tokens, and of the best ones, in falling order.
struct ScoredTokens {
    mx::array chosen;                        // (tokens)
    std::optional<mx::array> ids, logprobs;  // (tokens, top)
};
ScoredTokens score_tokens(const mx::array& logits, const std::vector<int32_t>& targets, int top);

}  // namespace fastmlx
