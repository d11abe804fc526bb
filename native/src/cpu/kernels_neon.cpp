#include <arm_neon.h>

#include "cpu/kernels.h"

namespace fastmlx {
namespace {

using Vec = float32x4_t;
constexpr int kWidth = 4;
constexpr int kTokenBlock = 4;
constexpr int kWeighVecs = 4;
constexpr int kFusedTokens = 4;  // up to here codes are not expanded first

inline Vec splat(float value) { return vdupq_n_f32(value); }
inline Vec load(const float* from) { return vld1q_f32(from); }
inline Vec load_part(const float* from, int count) {
    float lanes[kWidth] = {};
    for (int i = 0; i < count && i < kWidth; ++i) lanes[i] = from[i];
    return vld1q_f32(lanes);
}
inline void store(float* to, Vec value) { vst1q_f32(to, value); }
inline void store_part(float* to, Vec value, int count) {
    float lanes[kWidth];
    vst1q_f32(lanes, value);
    for (int i = 0; i < count && i < kWidth; ++i) to[i] = lanes[i];
}
inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
inline Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
inline Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
inline Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
inline Vec max_of(Vec a, Vec b) { return vmaxq_f32(a, b); }
inline Vec min_of(Vec a, Vec b) { return vminq_f32(a, b); }
inline Vec absolute(Vec a) { return vabsq_f32(a); }
inline Vec rounded(Vec a) { return vrndnq_f32(a); }
inline Vec scale_by_power(Vec a, Vec n) {  // a's exponent stays normal
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), vshlq_n_s32(vcvtq_s32_f32(n), 23)));
}
inline Vec zero_below(Vec a, Vec x, Vec edge) { return vbslq_f32(vcltq_f32(x, edge), splat(0.f), a); }
inline Vec where_negative(Vec x, Vec a, Vec b) { return vbslq_f32(vcltzq_f32(x), a, b); }
// Lanes [first, end) of `value`, `other` elsewhere.
inline Vec inside(Vec value, Vec other, int first, int end) {
    constexpr int32_t kLane[kWidth] = {0, 1, 2, 3};
    int32x4_t lane = vld1q_s32(kLane);
    return vbslq_f32(vandq_u32(vcgeq_s32(lane, vdupq_n_s32(first)), vcltq_s32(lane, vdupq_n_s32(end))), value, other);
}
inline float first_lane(Vec a) { return vgetq_lane_f32(a, 0); }
inline float reduce_max(Vec a) { return vmaxvq_f32(a); }

inline Vec round_bf16(Vec value) {
    uint32x4_t bits = vreinterpretq_u32_f32(value);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t up = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF)));
    up = vbslq_u32(vceqq_f32(value, value), up, vorrq_u32(bits, vdupq_n_u32(0x400000)));
    return vreinterpretq_f32_u32(vandq_u32(up, vdupq_n_u32(0xFFFF0000u)));
}
inline Vec round_f16(Vec value) { return vcvt_f32_f16(vcvt_f16_f32(value)); }
inline Vec load_bf16(const uint8_t* from) {
    uint16_t halves[kWidth];
    __builtin_memcpy(halves, from, sizeof halves);
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(halves), 16));
}
inline Vec load_f16(const uint8_t* from) {
    uint16_t halves[kWidth];
    __builtin_memcpy(halves, from, sizeof halves);
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves)));
}
inline float half_to_float(uint16_t half) {
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half))), 0);
}

// (0 + 2) + (1 + 3).
inline float reduce(Vec a) { return vpadds_f32(vadd_f32(vget_low_f32(a), vget_high_f32(a))); }

template <int kTokens, int kRows>
inline void reduce_block(Vec (&sums)[kTokens][kRows], float* y, int64_t y_stride) {
    auto pair = [](Vec a, Vec b) {  // a 0+2, a 1+3, b 0+2, b 1+3
        return vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)),
                         vcombine_f32(vget_high_f32(a), vget_high_f32(b)));
    };
    for (int t = 0; t < kTokens; ++t) {
        if constexpr (kRows == 4)
            vst1q_f32(y + t * y_stride, vpaddq_f32(pair(sums[t][0], sums[t][1]), pair(sums[t][2], sums[t][3])));
        else
            for (int r = 0; r < kRows; ++r) y[t * y_stride + r] = reduce(sums[t][r]);
    }
}

// ---- codes [at, at + 4) of a row; `at` is a multiple of 4 ----

constexpr int kTableBits = 2;  // up to here a group's values fit one register, and a code picks one

// The bytes that hold the codes, never more: the row may end there.
template <int kBits>
inline uint32x4_t spread(const uint8_t* data, int at) {
    uint32_t codes = 0;
    __builtin_memcpy(&codes, data + at * kBits / 8, (4 * kBits + 7) / 8);
    codes >>= at * kBits % 8;
    constexpr int32_t kShifts[kWidth] = {0, -kBits, -2 * kBits, -3 * kBits};
    return vandq_u32(vshlq_u32(vdupq_n_u32(codes), vld1q_s32(kShifts)), vdupq_n_u32((1u << kBits) - 1u));
}

template <int kBits>
inline Vec unpack(const uint8_t* data, int at) {
    return vcvtq_f32_u32(spread<kBits>(data, at));
}

inline Vec code_table(float scale, float bias) {
    constexpr float kCodes[kWidth] = {0, 1, 2, 3};
    return fma(vld1q_f32(kCodes), splat(scale), splat(bias));
}
template <int kBits>
inline Vec look_up(Vec table, const uint8_t* data, int at) {
    uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100u), spread<kBits>(data, at), 0x04040404u);
    return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(table), vreinterpretq_u8_u32(bytes)));
}

inline Vec fp4_table(float scale) { return splat(scale); }
inline Vec fp4_look_up(Vec scale, const uint8_t* data, int at) {
    constexpr uint8_t kTwice[16] = {0, 1, 2, 3, 4, 6, 8, 12};  // exact, and so is halving
    uint32x4_t codes = spread<4>(data, at);
    uint32x4_t index = vorrq_u32(vandq_u32(codes, vdupq_n_u32(7)), vdupq_n_u32(0xFFFFFF00u));  // out of range: 0
    Vec twice = vcvtq_f32_u32(vreinterpretq_u32_u8(vqtbl1q_u8(vld1q_u8(kTwice), vreinterpretq_u8_u32(index))));
    Vec value = mul(mul(twice, splat(0.5f)), scale);
    uint32x4_t sign = vshlq_n_u32(vandq_u32(codes, vdupq_n_u32(8)), 28);
    return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(value), sign));
}

inline Vec unpack_fp8(const uint8_t* data, int at) {
    uint32x4_t codes = spread<8>(data, at);
    uint32x4_t magnitude = vshlq_n_u32(vandq_u32(codes, vdupq_n_u32(0x7F)), 20);
    uint32x4_t sign = vshlq_n_u32(vandq_u32(codes, vdupq_n_u32(0x80)), 24);
    return mul(vreinterpretq_f32_u32(vorrq_u32(magnitude, sign)), splat(0x1p120f));
}

}  // namespace
}  // namespace fastmlx

#include "cpu/kernels_weights.h"

namespace fastmlx {

const Kernels* neon_kernels() {
    static constexpr Kernels kTable{"neon",       dequantise, multiply,  matmul, weigh,         sum_squares,
                                    round_values, softmax,    silu_gate, turn,   matmul_rounded};
    return &kTable;  // part of every 64-bit Arm
}

}  // namespace fastmlx
