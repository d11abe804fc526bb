#pragma once
#include <vector>

#include "fastmlx.h"
#include "mlx/mlx_arrays.h"

namespace fastmlx {

// Chooses a token for every row of `logits` (rows, vocab) on the device, by the rules of Sampler in float32: greedy, or
// the inverse of the distribution's sum at a number that only seed and position decide. (rows) int32; -1 where a
// logit is NaN.
mx::array sample_rows(const mx::array& logits, const std::vector<const fm_row*>& rows);

}  // namespace fastmlx
