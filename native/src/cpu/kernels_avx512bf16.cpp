// Products of bfloat16 activations with narrow weights by VDPBF16PS: twice the work of a float32 multiply-add, on half
// the bytes of x. Weights are rounded to bfloat16 first, as MLX's GPU kernels have them in their tiles; sums stay in
// float32. Only codes of five bits or less: there the rounding (2^-9 of a value) is far below the step of a code.
#include "cpu/kernels_avx512bf16.h"

namespace fastmlx {
namespace {

constexpr int kWide = 32;          // elements of one step
constexpr int kRowBlock = 16;      // the most rows of one call
constexpr int kDirectTokens = 12;  // up to here codes are not expanded first

inline __m256i to_pairs(Vec a) { return (__m256i)_mm512_cvtneps_pbh(a); }

// ---- codes [at, at + 32) of a row, one in the low bits of every word, junk above; `at` is a multiple of 32 ----

template <int kBits>
inline Pairs spread_words(const uint8_t* data, int at) {
    struct Places {
        alignas(64) uint8_t bytes[64];
        alignas(64) uint16_t shifts[32];
    };
    static constexpr Places kPlaces = [] {
        Places places{};
        for (int l = 0; l < kWide; ++l) {  // the two bytes that hold lane l's code
            places.bytes[2 * l] = static_cast<uint8_t>(l * kBits / 8);
            places.bytes[2 * l + 1] = static_cast<uint8_t>(l * kBits / 8 + 1);
            places.shifts[l] = static_cast<uint16_t>(l * kBits % 8);
        }
        return places;
    }();
    constexpr auto kMask = static_cast<__mmask32>((uint64_t{1} << (4 * kBits)) - 1u);  // not a byte past the row
    __m256i bytes = _mm256_maskz_loadu_epi8(kMask, data + at / 8 * kBits);
    Pairs words = _mm512_permutexvar_epi8(_mm512_load_si512(kPlaces.bytes), _mm512_castsi256_si512(bytes));
    return _mm512_srlv_epi16(words, _mm512_load_si512(kPlaces.shifts));
}

// The values of a group as 32 bfloat16, so that a code and any bits above it pick the right one.
template <int kBits>
inline Pairs value_table(float scale, float bias) {
    alignas(64) static constexpr struct Steps {
        float low[16], high[16];
    } kSteps = [] {
        Steps steps{};
        for (int i = 0; i < 16; ++i) {
            steps.low[i] = static_cast<float>(i & ((1 << kBits) - 1));
            steps.high[i] = static_cast<float>(kBits == 5 ? 16 + i : i & ((1 << kBits) - 1));
        }
        return steps;
    }();
    Vec low = fma(load(kSteps.low), splat(scale), splat(bias));
    if constexpr (kBits == 5) {
        Vec high = fma(load(kSteps.high), splat(scale), splat(bias));
        return (Pairs)_mm512_cvtne2ps_pbh(high, low);
    }
    return _mm512_broadcast_i64x4(to_pairs(low));
}

inline Pairs fp4_pairs(float scale) { return _mm512_broadcast_i64x4(to_pairs(fp4_table(scale))); }

enum class Kind { kDense, kAffine, kFp4 };

template <Kind kKind, int kBits>
struct Values {
    Pairs table;
    inline void set(float scale, float bias) {
        if constexpr (kKind == Kind::kAffine) table = value_table<kBits>(scale, bias);
        if constexpr (kKind == Kind::kFp4) table = fp4_pairs(scale);
    }
    Pairs at(const uint8_t* data, int i) const {
        if constexpr (kKind == Kind::kDense)
            return _mm512_loadu_si512(data + static_cast<int64_t>(i) * 2);
        else
            return _mm512_permutexvar_epi16(spread_words<kBits>(data, i), table);
    }
};

struct Job {  // y = x · rowsᵀ
    const WeightRow* rows;
    int row_count, count, group;
    const uint16_t* x;
    int64_t x_stride;
    int tokens;
    const float* scales;  // per row: groups scales, groups biases
    float* y;
    int64_t y_stride;
};

// kRows rows by kTokens tokens straight from the codes.
template <Kind kKind, int kBits, int kTokens, int kRows>
void direct_block(const Job& job, int row) {
    Vec sums[kTokens][kRows];
    for (int t = 0; t < kTokens; ++t)
        for (int r = 0; r < kRows; ++r) sums[t][r] = splat(0.f);
    const WeightRow* rows = job.rows + row;
    int groups = job.count / job.group;
    const float* scales = job.scales + int64_t{2} * groups * row;
    int64_t ahead = kRows > 1 ? (rows[1 % kRows].data - rows[0].data) * kRows : 0;
    for (int g = 0; g < groups; ++g) {
        Values<kKind, kBits> values[kRows];
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
            values[r].set(scales[2 * groups * r + g], scales[2 * groups * r + groups + g]);
            if constexpr (kRows > 1 && kKind != Kind::kDense)  // the processor's own prefetching ends at a page
                __builtin_prefetch(rows[r].data + ahead + static_cast<int64_t>(g) * job.group * kBits / 8);
        }
        for (int i = g * job.group; i < (g + 1) * job.group; i += kWide) {
#pragma GCC unroll 4
            for (int r = 0; r < kRows; ++r) {
                Pairs weight = values[r].at(rows[r].data, i);
#pragma GCC unroll 4
                for (int t = 0; t < kTokens; ++t)
                    sums[t][r] = dot(sums[t][r], load_pairs(job.x + t * job.x_stride + i), weight);
            }
        }
    }
    reduce_block<kTokens, kRows>(sums, job.y + row, job.y_stride);
}

template <Kind kKind, int kBits, int kTokens>
void direct_rows(const Job& job) {
    int row = 0;
    for (; row + 4 <= job.row_count; row += 4) direct_block<kKind, kBits, kTokens, 4>(job, row);
    for (; row < job.row_count; ++row) direct_block<kKind, kBits, kTokens, 1>(job, row);
}

template <Kind kKind, int kBits>
void direct(Job job) {
    for (int left = job.tokens; left > 0; left -= job.tokens) {
        job.tokens = left < 4 ? left : 4;
        if (job.tokens == 1) direct_rows<kKind, kBits, 1>(job);
        if (job.tokens == 2) direct_rows<kKind, kBits, 2>(job);
        if (job.tokens == 3) direct_rows<kKind, kBits, 3>(job);
        if (job.tokens == 4) direct_rows<kKind, kBits, 4>(job);
        job.x += job.tokens * job.x_stride;
        job.y += job.tokens * job.y_stride;
    }
}

// Many tokens: the codes of all rows become bfloat16 once, then tiles of four by four.
template <Kind kKind, int kBits>
void expanded(Job job, uint16_t* tile) {
    int groups = job.count / job.group;
    WeightRow dense[kRowBlock];
    for (int r = 0; r < job.row_count; ++r) {
        uint16_t* out = tile + static_cast<int64_t>(r) * job.count;
        dense[r].data = reinterpret_cast<const uint8_t*>(out);
        for (int g = 0; g < groups; ++g) {
            Values<kKind, kBits> values;
            values.set(job.scales[2 * groups * r + g], job.scales[2 * groups * r + groups + g]);
            for (int i = g * job.group; i < (g + 1) * job.group; i += kWide)
                _mm512_storeu_si512(out + i, values.at(job.rows[r].data, i));
        }
    }
    job.rows = dense;
    job.group = job.count;
    direct<Kind::kDense, 16>(job);
}

// The groups' scales and biases of a row: out[0, groups) and out[groups, 2·groups).
void load_scales(const Packing& packing, WeightRow row, int groups, float* out) {
    for (int g = 0; g < groups; ++g) {
        if (packing.storage == Storage::kMxfp4) {  // e8m0
            uint32_t bits = row.scales[g] == 0 ? 0x00400000u : static_cast<uint32_t>(row.scales[g]) << 23;
            __builtin_memcpy(out + g, &bits, 4);
            continue;
        }
        uint16_t halves[2];
        __builtin_memcpy(halves, row.scales + 2 * g, 2);
        __builtin_memcpy(halves + 1, row.biases + 2 * g, 2);
        uint32_t scale = static_cast<uint32_t>(halves[0]) << 16, bias = static_cast<uint32_t>(halves[1]) << 16;
        __builtin_memcpy(out + g, &scale, 4);
        __builtin_memcpy(out + groups + g, &bias, 4);
    }
}

bool takes(const Packing& packing, int count) {
    if (packing.inputs != DType::kBF16 || count % kWide != 0) return false;
    if (packing.storage == Storage::kMxfp4) return true;
    if (packing.dtype != DType::kBF16) return false;
    return packing.storage == Storage::kDense || (packing.storage == Storage::kAffine && packing.bits <= 5);
}

template <Kind kKind, int kBits>
void multiply_codes(const Packing& packing, Job job, float* scratch) {
    int groups = job.count / job.group;
    for (int r = 0; r < job.row_count; ++r) load_scales(packing, job.rows[r], groups, scratch + 2 * groups * r);
    job.scales = scratch;
    if (job.tokens <= kDirectTokens) return direct<kKind, kBits>(job);
    expanded<kKind, kBits>(job, reinterpret_cast<uint16_t*>(scratch + int64_t{2} * groups * job.row_count));
}

void multiply(const Packing& packing, const WeightRow* rows, int row_count, int count, const float* x, int64_t x_stride,
              int tokens, float* scratch, float* y, int64_t y_stride) {
    if (!takes(packing, count))
        return avx512_kernels()->multiply(packing, rows, row_count, count, x, x_stride, tokens, scratch, y, y_stride);
    bool dense = packing.storage == Storage::kDense;
    const auto* pairs = reinterpret_cast<const uint16_t*>(x);
    Job job{rows, row_count, count, dense ? count : packing.group, pairs, 2 * x_stride, tokens, scratch, y, y_stride};
    if (dense) return direct<Kind::kDense, 16>(job);
    if (packing.storage == Storage::kMxfp4) return multiply_codes<Kind::kFp4, 4>(packing, job, scratch);
    if (packing.bits == 2) return multiply_codes<Kind::kAffine, 2>(packing, job, scratch);
    if (packing.bits == 3) return multiply_codes<Kind::kAffine, 3>(packing, job, scratch);
    if (packing.bits == 4) return multiply_codes<Kind::kAffine, 4>(packing, job, scratch);
    multiply_codes<Kind::kAffine, 5>(packing, job, scratch);
}

// The values are bfloat16 already; they move together, so that a row takes the first half of its floats.
bool arrange(const Packing& packing, const float* x, int count, float* out) {
    if (!takes(packing, count)) return avx512_kernels()->arrange(packing, x, count, out);
    auto* pairs = reinterpret_cast<uint16_t*>(out);
    for (int i = 0; i < count; i += kWidth)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(pairs + i),
                            _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(load(x + i)), 16)));
    return true;
}

}  // namespace

const Kernels* avx512bf16_kernels() {
    if (avx512_kernels() == nullptr || !__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vbmi"))
        return nullptr;
    static const Kernels kTable = [] {
        Kernels table = *avx512_kernels();
        table.name = "avx512bf16";
        table.multiply = multiply;
        table.arrange = arrange;
        table.attend_page = attend_page_avx512bf16;
        return table;
    }();
    return &kTable;
}

}  // namespace fastmlx
