#pragma once
#include <cstdint>

#include "weights/weight.h"

namespace fastmlx {

// Reference loops: element i of a row as float32, `float(code) * scale + bias` in affine mode, value * scale in the
// others. `count` is a whole number of groups.
void dequantise_plain(Storage storage, int bits, int group, DType dtype, WeightRow row, int count, float* out);

// As MLX's CPU loops see a row of `dtype` arithmetic: affine weights rounded after product and sum; in the other modes
// the codes' values without their scales, which go to `scales` (one per group). Returns whether scales were written.
bool dequantise_rounded(Storage storage, int bits, int group, DType weight_dtype, DType dtype, WeightRow row, int count,
                        float* out, float* scales);

float e8m0_to_float(uint8_t code);
float e4m3_to_float(uint8_t code);

// MLX's affine quantiser for one group; used only where a checkpoint must be requantised.
void quantise_group(const float* values, int count, int bits, DType dtype, uint8_t* codes, float* scale, float* bias);

}  // namespace fastmlx
