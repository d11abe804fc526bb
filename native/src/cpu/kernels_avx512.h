#pragma once
// The vector of 16 floats that the AVX-512 tables are written in. Under the rules of kernels_simd.h: in an anonymous
// namespace, so that no function is shared between files of different flags.
#include <immintrin.h>

#include "cpu/kernels.h"

namespace fastmlx {
namespace {

using Vec = __m512;
constexpr int kWidth = 16;

inline __mmask16 first_lanes(int count) {
    return static_cast<__mmask16>(count >= kWidth ? 0xFFFFu : count <= 0 ? 0u : (1u << count) - 1u);
}

inline Vec splat(float value) { return _mm512_set1_ps(value); }
inline Vec load(const float* from) { return _mm512_loadu_ps(from); }
inline Vec load_part(const float* from, int count) { return _mm512_maskz_loadu_ps(first_lanes(count), from); }
inline void store(float* to, Vec value) { _mm512_storeu_ps(to, value); }
inline void store_part(float* to, Vec value, int count) { _mm512_mask_storeu_ps(to, first_lanes(count), value); }
inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec max_of(Vec a, Vec b) { return _mm512_max_ps(a, b); }  // b where either is NaN
inline Vec min_of(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline Vec absolute(Vec a) { return _mm512_abs_ps(a); }
inline Vec rounded(Vec a) { return _mm512_roundscale_ps(a, 8); }
inline Vec scale_by_power(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }
inline Vec zero_below(Vec a, Vec x, Vec edge) {
    return _mm512_mask_mov_ps(a, _mm512_cmp_ps_mask(x, edge, _CMP_LT_OQ), _mm512_setzero_ps());
}
inline Vec where_negative(Vec x, Vec a, Vec b) {
    return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), a);
}
// Lanes [first, end) of `value`, `other` elsewhere.
inline Vec inside(Vec value, Vec other, int first, int end) {
    return _mm512_mask_mov_ps(other, static_cast<__mmask16>(first_lanes(end) & ~first_lanes(first)), value);
}
inline float first_lane(Vec a) { return _mm512_cvtss_f32(a); }
inline float reduce_max(Vec a) { return _mm512_reduce_max_ps(a); }

inline Vec round_bf16(Vec value) {
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    up = _mm512_mask_or_epi32(up, nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_castsi512_ps(_mm512_and_si512(up, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))));
}

inline Vec round_f16(Vec value) { return _mm512_cvtph_ps(_mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT)); }

inline Vec load_bf16(const uint8_t* from) {
    __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
inline Vec load_f16(const uint8_t* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
inline float half_to_float(uint16_t half) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

// Lanes l, l+8, l+4, l+12 in pairs, then (0 + 2) + (1 + 3).
inline float reduce(Vec a) {
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Four rows' accumulators to one register: 128 bits of row r hold what `reduce` calls four.
inline Vec gather_rows(const Vec* a) {
    Vec ab = add(_mm512_shuffle_f32x4(a[0], a[1], 0x44), _mm512_shuffle_f32x4(a[0], a[1], 0xEE));
    Vec cd = add(_mm512_shuffle_f32x4(a[2], a[3], 0x44), _mm512_shuffle_f32x4(a[2], a[3], 0xEE));
    return add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
}

template <int kTokens, int kRows>
inline void reduce_block(Vec (&sums)[kTokens][kRows], float* y, int64_t y_stride) {
    if constexpr (kTokens == 4 && kRows == 4) {
        Vec t0 = gather_rows(sums[0]), t1 = gather_rows(sums[1]), t2 = gather_rows(sums[2]), t3 = gather_rows(sums[3]);
        Vec t01 = add(_mm512_unpacklo_ps(t0, t1), _mm512_unpackhi_ps(t0, t1));  // t0 0+2, t1 0+2, t0 1+3, t1 1+3
        Vec t23 = add(_mm512_unpacklo_ps(t2, t3), _mm512_unpackhi_ps(t2, t3));
        Vec all = add(_mm512_shuffle_ps(t01, t23, 0x44), _mm512_shuffle_ps(t01, t23, 0xEE));  // (row, token)
        all = _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all);
        _mm_storeu_ps(y, _mm512_castps512_ps128(all));
        _mm_storeu_ps(y + y_stride, _mm512_extractf32x4_ps(all, 1));
        _mm_storeu_ps(y + 2 * y_stride, _mm512_extractf32x4_ps(all, 2));
        _mm_storeu_ps(y + 3 * y_stride, _mm512_extractf32x4_ps(all, 3));
    } else {
        for (int t = 0; t < kTokens; ++t)
            for (int r = 0; r < kRows; ++r) y[t * y_stride + r] = reduce(sums[t][r]);
    }
}

inline Vec fp4_table(float scale) {
    return mul(_mm512_setr_ps(0.f, .5f, 1.f, 1.5f, 2.f, 3.f, 4.f, 6.f, -0.f, -.5f, -1.f, -1.5f, -2.f, -3.f, -4.f, -6.f),
               splat(scale));
}

}  // namespace
}  // namespace fastmlx
