#include <immintrin.h>

#include "cpu/kernels.h"

namespace fastmlx {
namespace {

using Vec = __m256;
constexpr int kWidth = 8;
constexpr int kTokenBlock = 3;
constexpr int kWeighVecs = 2;
constexpr int kFusedTokens = 4;  // up to here codes are not expanded first

inline __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vec splat(float value) { return _mm256_set1_ps(value); }
inline Vec load(const float* from) { return _mm256_loadu_ps(from); }
inline Vec load_part(const float* from, int count) { return _mm256_maskload_ps(from, first_lanes(count)); }
inline void store(float* to, Vec value) { _mm256_storeu_ps(to, value); }
inline void store_part(float* to, Vec value, int count) { _mm256_maskstore_ps(to, first_lanes(count), value); }
inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec max_of(Vec a, Vec b) { return _mm256_max_ps(a, b); }  // b where either is NaN
inline Vec min_of(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline Vec absolute(Vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.f), a); }
inline Vec rounded(Vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Vec scale_by_power(Vec a, Vec n) {  // a's exponent stays normal
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}
inline Vec zero_below(Vec a, Vec x, Vec edge) { return _mm256_andnot_ps(_mm256_cmp_ps(x, edge, _CMP_LT_OQ), a); }
inline Vec where_negative(Vec x, Vec a, Vec b) {
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}
// Lanes [first, end) of `value`, `other` elsewhere.
inline Vec inside(Vec value, Vec other, int first, int end) {
    __m256i lanes = _mm256_andnot_si256(first_lanes(first), first_lanes(end));
    return _mm256_blendv_ps(other, value, _mm256_castsi256_ps(lanes));
}
inline float first_lane(Vec a) { return _mm256_cvtss_f32(a); }
inline float reduce_max(Vec a) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline Vec round_bf16(Vec value) {
    __m256i bits = _mm256_castps_si256(value);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    up = _mm256_blendv_epi8(up, _mm256_or_si256(bits, _mm256_set1_epi32(0x400000)), nan);
    return _mm256_castsi256_ps(_mm256_and_si256(up, _mm256_set1_epi32(static_cast<int>(0xFFFF0000u))));
}

inline Vec round_f16(Vec value) { return _mm256_cvtph_ps(_mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT)); }

inline Vec load_bf16(const uint8_t* from) {
    __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
inline Vec load_f16(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline float half_to_float(uint16_t half) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

// Lanes l and l+4, then (0 + 2) + (1 + 3).
inline float reduce(Vec a) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The same sums for four rows at once.
inline __m128 reduce_four(const Vec* a) {
    Vec ab = add(_mm256_permute2f128_ps(a[0], a[1], 0x20), _mm256_permute2f128_ps(a[0], a[1], 0x31));
    Vec cd = add(_mm256_permute2f128_ps(a[2], a[3], 0x20), _mm256_permute2f128_ps(a[2], a[3], 0x31));
    Vec pairs = add(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));  // a02 a13 c02 c13 | b d
    Vec sums = add(pairs, _mm256_movehdup_ps(pairs));                                   // a _ c _ | b _ d _
    return _mm_unpacklo_ps(_mm_permute_ps(_mm256_castps256_ps128(sums), 0x08),
                           _mm_permute_ps(_mm256_extractf128_ps(sums, 1), 0x08));
}

template <int kTokens, int kRows>
inline void reduce_block(Vec (&sums)[kTokens][kRows], float* y, int64_t y_stride) {
    for (int t = 0; t < kTokens; ++t) {
        if constexpr (kRows == 4)
            _mm_storeu_ps(y + t * y_stride, reduce_four(sums[t]));
        else
            for (int r = 0; r < kRows; ++r) y[t * y_stride + r] = reduce(sums[t][r]);
    }
}

// ---- codes [at, at + 8) of a row; `at` is a multiple of 8 ----

constexpr int kTableBits = 3;  // up to here a group's values fit one register, and a code picks one

// kBits bytes, never more: the row may end there.
template <int kBits>
inline uint64_t load_codes(const uint8_t* data) {
    auto part = [&](int from, auto type) {
        __builtin_memcpy(&type, data + from, sizeof type);
        return static_cast<uint64_t>(type) << (8 * from);
    };
    if constexpr (kBits == 2) return part(0, uint16_t{});
    if constexpr (kBits == 3) return part(0, uint16_t{}) | part(2, uint8_t{});
    if constexpr (kBits == 4) return part(0, uint32_t{});
    if constexpr (kBits == 5) return part(0, uint32_t{}) | part(4, uint8_t{});
    return part(0, uint32_t{}) | part(4, uint16_t{});
}

// Lanes hold their code in the low bits, with the next codes above it.
template <int kBits>
inline __m256i spread(const uint8_t* data, int at) {
    if constexpr (kBits == 8) {
        return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(data + at)));
    } else if constexpr (kBits <= 4) {
        auto codes = static_cast<int>(load_codes<kBits>(data + at / 8 * kBits));
        __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm256_srlv_epi32(_mm256_set1_epi32(codes), _mm256_mullo_epi32(lanes, _mm256_set1_epi32(kBits)));
    } else {
        struct Places {
            alignas(32) uint8_t bytes[32];
            alignas(32) uint32_t shifts[8];
        };
        static constexpr Places kPlaces = [] {
            Places places{};
            for (int l = 0; l < 8; ++l) {
                places.bytes[4 * l] = static_cast<uint8_t>(l * kBits / 8);
                places.bytes[4 * l + 1] = static_cast<uint8_t>(l * kBits / 8 + 1);  // past the codes: zeros
                places.bytes[4 * l + 2] = places.bytes[4 * l + 3] = 0x80;
                places.shifts[l] = static_cast<uint32_t>(l * kBits % 8);
            }
            return places;
        }();
        __m256i codes = _mm256_set1_epi64x(static_cast<int64_t>(load_codes<kBits>(data + at / 8 * kBits)));
        __m256i pairs = _mm256_shuffle_epi8(codes, _mm256_load_si256(reinterpret_cast<const __m256i*>(kPlaces.bytes)));
        return _mm256_srlv_epi32(pairs, _mm256_load_si256(reinterpret_cast<const __m256i*>(kPlaces.shifts)));
    }
}

template <int kBits>
inline Vec unpack(const uint8_t* data, int at) {
    __m256i codes = spread<kBits>(data, at);
    if constexpr (kBits != 8) codes = _mm256_and_si256(codes, _mm256_set1_epi32((1 << kBits) - 1));
    return _mm256_cvtepi32_ps(codes);
}

inline Vec code_table(float scale, float bias) {
    return fma(_mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7), splat(scale), splat(bias));
}
template <int kBits>
inline Vec look_up(Vec table, const uint8_t* data, int at) {
    __m256i codes = spread<kBits>(data, at);
    if constexpr (kBits < 3) codes = _mm256_and_si256(codes, _mm256_set1_epi32((1 << kBits) - 1));
    return _mm256_permutevar8x32_ps(table, codes);  // reads three bits
}
inline Vec fp4_table(float scale) { return mul(_mm256_setr_ps(0.f, .5f, 1.f, 1.5f, 2.f, 3.f, 4.f, 6.f), splat(scale)); }
inline Vec fp4_look_up(Vec table, const uint8_t* data, int at) {
    __m256i codes = spread<4>(data, at);  // three bits pick the magnitude, the fourth is the sign
    __m256i sign = _mm256_slli_epi32(_mm256_and_si256(codes, _mm256_set1_epi32(8)), 28);
    return _mm256_xor_ps(_mm256_permutevar8x32_ps(table, codes), _mm256_castsi256_ps(sign));
}

inline Vec unpack_fp8(const uint8_t* data, int at) {
    __m256i codes = spread<8>(data, at);
    __m256i magnitude = _mm256_slli_epi32(_mm256_and_si256(codes, _mm256_set1_epi32(0x7F)), 20);
    __m256i sign = _mm256_slli_epi32(_mm256_and_si256(codes, _mm256_set1_epi32(0x80)), 24);
    return mul(_mm256_castsi256_ps(_mm256_or_si256(magnitude, sign)), splat(0x1p120f));
}

}  // namespace
}  // namespace fastmlx

#include "cpu/kernels_weights.h"

namespace fastmlx {

const Kernels* avx2_kernels() {
    static constexpr Kernels kTable{"avx2",       dequantise, multiply,  matmul, weigh,         sum_squares,
                                    round_values, softmax,    silu_gate, turn,   matmul_rounded};
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kTable : nullptr;
}

}  // namespace fastmlx
