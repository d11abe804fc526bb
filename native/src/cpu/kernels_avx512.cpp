#include "cpu/kernels_avx512.h"

namespace fastmlx {
namespace {

constexpr int kTokenBlock = 4;
constexpr int kWeighVecs = 4;
constexpr int kFusedTokens = 8;  // up to here codes are not expanded first

// ---- codes [at, at + 16) of a row; `at` is a multiple of 16 ----

constexpr int kTableBits = 4;  // up to here a group's values fit one register, and a code picks one

// Lanes hold their code in the low bits, with the next codes above it.
template <int kBits>
inline __m512i spread(const uint8_t* data, int at) {
    if constexpr (kBits == 8) {
        return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at)));
    } else if constexpr (kBits == 4) {
        __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(data + at / 2));
        __m512i words = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
                                                 _mm512_castsi128_si512(codes));
        return _mm512_srlv_epi32(words, _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28));
    } else {
        // The two bytes that hold lane l's code; the mask keeps the load inside the row.
        struct Places {
            alignas(64) uint8_t bytes[64];
            alignas(64) uint32_t shifts[16];
        };
        static constexpr Places kPlaces = [] {
            Places places{};
            for (int l = 0; l < 16; ++l) {
                int byte = l * kBits / 8;
                places.bytes[4 * l] = static_cast<uint8_t>(byte);
                places.bytes[4 * l + 1] = static_cast<uint8_t>(byte + 1 < 2 * kBits ? byte + 1 : 0x80);
                places.bytes[4 * l + 2] = places.bytes[4 * l + 3] = 0x80;
                places.shifts[l] = static_cast<uint32_t>(l * kBits % 8);
            }
            return places;
        }();
        constexpr auto kMask = static_cast<__mmask16>((1u << (2 * kBits)) - 1u);
        __m128i codes = _mm_maskz_loadu_epi8(kMask, data + at / 8 * kBits);
        __m512i pairs = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(codes), _mm512_load_si512(kPlaces.bytes));
        return _mm512_srlv_epi32(pairs, _mm512_load_si512(kPlaces.shifts));
    }
}

template <int kBits>
inline Vec unpack(const uint8_t* data, int at) {
    __m512i codes = spread<kBits>(data, at);
    if constexpr (kBits != 8) codes = _mm512_and_si512(codes, _mm512_set1_epi32((1 << kBits) - 1));
    return _mm512_cvtepi32_ps(codes);
}

inline Vec code_table(float scale, float bias) {
    return fma(_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), splat(scale), splat(bias));
}
template <int kBits>
inline Vec look_up(Vec table, const uint8_t* data, int at) {
    __m512i codes = spread<kBits>(data, at);
    if constexpr (kBits < 4) codes = _mm512_and_si512(codes, _mm512_set1_epi32((1 << kBits) - 1));
    return _mm512_permutexvar_ps(codes, table);  // reads four bits
}
inline Vec fp4_look_up(Vec table, const uint8_t* data, int at) { return look_up<4>(table, data, at); }

// ---- codes in copies, for kernels_arranged.h ----

using Codes = __m512i;
struct Shifts {
    __m512i steps[2];
};

template <int kBlock>
inline Shifts lane_shifts() {
    Shifts shifts;
    for (int step = 0; step < 2; ++step) {
        alignas(64) int32_t lanes[kWidth];
        for (int l = 0; l < kWidth; ++l) lanes[l] = 4 * (l / (kBlock / 8) * (kBlock / kWidth) + step);
        shifts.steps[step] = _mm512_load_si512(lanes);
    }
    return shifts;
}

template <int kBlock>
inline Codes repeat_codes(const uint8_t* from) {
    if constexpr (kBlock == 32)
        return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    else
        return _mm512_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

// The look-up reads four bits of each lane.
inline Vec pick_values(Vec table, Codes codes, const Shifts& shifts, int step) {
    return _mm512_permutexvar_ps(_mm512_srlv_epi32(codes, shifts.steps[step]), table);
}

inline Vec unpack_fp8(const uint8_t* data, int at) {
    __m512i codes = spread<8>(data, at);
    __m512i magnitude = _mm512_slli_epi32(_mm512_and_si512(codes, _mm512_set1_epi32(0x7F)), 20);
    __m512i sign = _mm512_slli_epi32(_mm512_and_si512(codes, _mm512_set1_epi32(0x80)), 24);
    return mul(_mm512_castsi512_ps(_mm512_or_si512(magnitude, sign)), splat(0x1p120f));
}

}  // namespace
}  // namespace fastmlx

#include "cpu/kernels_arranged.h"

namespace fastmlx {

const Kernels* avx512_kernels() {
    static constexpr Kernels kTable{"avx512",     dequantise, multiply_arranged, matmul, weigh,          sum_squares,
                                    round_values, softmax,    silu_gate,         turn,   matmul_rounded, arrange};
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("fma")
               ? &kTable
               : nullptr;
}

}  // namespace fastmlx
