#pragma once
// Pairs of bfloat16 for VDPBF16PS; under the rules of kernels_simd.h.
#include "cpu/kernels_avx512.h"

namespace fastmlx {

void attend_page_avx512bf16(const PageTile& tile, const uint16_t* keys, const uint16_t* values);

namespace {

using Pairs = __m512i;  // 32 bfloat16

inline Vec dot(Vec sum, Pairs a, Pairs b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
inline Pairs load_pairs(const uint16_t* from) { return _mm512_loadu_si512(from); }

}  // namespace
}  // namespace fastmlx
