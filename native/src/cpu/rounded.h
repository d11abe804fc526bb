#pragma once
// Included by every instruction set's file inside its own anonymous namespace, so that each compiles these loops with
// its own flags. Nothing here may call a function that is shared between those files.
#include <cstdint>
#include <cstring>

namespace {

constexpr int kLanes = 16;  // rows side by side

inline __attribute__((always_inline)) float to_bf16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    bits = (bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u;
    std::memcpy(&value, &bits, 4);
    return value;
}

inline __attribute__((always_inline)) float to_f16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    uint32_t magnitude = bits & 0x7FFFFFFFu, sign = bits & 0x80000000u;
    uint32_t normal = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u)) & ~0x1FFFu;
    if (normal > 0x477FE000u) normal = magnitude > 0x7F800000u ? magnitude : 0x7F800000u;
    float absolute, anchor = 0.5f, tiny;
    std::memcpy(&absolute, &magnitude, 4);
    tiny = (absolute + anchor) - anchor;  // a multiple of 2^-24: float16's subnormals
    uint32_t subnormal;
    std::memcpy(&subnormal, &tiny, 4);
    bits = sign | (magnitude < 0x38800000u ? subnormal : normal);
    std::memcpy(&value, &bits, 4);
    return value;
}

template <bool kHalf>
inline __attribute__((always_inline)) float to_format(float value) {
    return kHalf ? to_f16(value) : to_bf16(value);
}

// y[t·y_stride + r] = Σ x·w, rounded after every product and every sum, as MLX's CPU loops have it.
// wt: (count, kLanes), its rows side by side. scales: (count / group, kLanes), or null where wt has them in.
template <bool kHalf>
void rounded_product(const float* x, int count, const float* wt, int group, const float* scales, float* sums) {
    float total[kLanes] = {};
    if (scales == nullptr) {
        for (int i = 0; i < count; ++i)
            for (int r = 0; r < kLanes; ++r)
                total[r] = to_format<kHalf>(total[r] + to_format<kHalf>(x[i] * wt[i * kLanes + r]));
    } else {
        for (int start = 0; start < count; start += group, scales += kLanes) {
            float part[kLanes] = {};
            for (int i = start; i < start + group; ++i)
                for (int r = 0; r < kLanes; ++r)
                    part[r] = to_format<kHalf>(part[r] + to_format<kHalf>(x[i] * wt[i * kLanes + r]));
            for (int r = 0; r < kLanes; ++r)
                total[r] = to_format<kHalf>(total[r] + to_format<kHalf>(part[r] * scales[r]));
        }
    }
    std::memcpy(sums, total, sizeof total);
}

void matmul_rounded(bool half, const float* x, int64_t x_stride, int tokens, const float* wt, int count, int group,
                    const float* scales, int rows, float* y, int64_t y_stride) {
    for (int t = 0; t < tokens; ++t) {
        float sums[kLanes];
        if (half)
            rounded_product<true>(x + t * x_stride, count, wt, group, scales, sums);
        else
            rounded_product<false>(x + t * x_stride, count, wt, group, scales, sums);
        std::memcpy(y + t * y_stride, sums, static_cast<size_t>(rows) * sizeof(float));
    }
}

}  // namespace
