// Attention over a page of bfloat16 keys and values by VDPBF16PS: the products are exact, the sums float32, and weights
// are rounded to bfloat16, as MLX's are before they meet the values. What a row gets depends on its own query and on
// the pages alone, never on the rows beside it.
#include "cpu/kernels_avx512bf16.h"
#include "cpu/kernels_exp.h"

namespace fastmlx {
namespace {

constexpr int kTokens = 64;  // of a page
constexpr int kRowBlock = 6, kVecBlock = 4, kFewRows = 4;
constexpr int kAhead = 16;  // rows: the processor's own prefetching ends at a page of memory
constexpr float kLowest = -3.4028235e38f;

struct Sides {  // where pairs come from: the first or the last 16 columns of two rows of 32
    Pairs low, high;
};

inline Sides sides() {
    alignas(64) static constexpr struct Places {
        uint16_t low[32], high[32];
    } kPlaces = [] {
        Places places{};
        for (int i = 0; i < 32; ++i) {
            places.low[i] = static_cast<uint16_t>(i / 2 + i % 2 * 32);
            places.high[i] = static_cast<uint16_t>(16 + i / 2 + i % 2 * 32);
        }
        return places;
    }();
    return {_mm512_load_si512(kPlaces.low), _mm512_load_si512(kPlaces.high)};
}

// Rows 2i and 2i + 1 of (rows, width) with their columns side by side. Rows from `limit` on count as zero: nobody wrote
// them.
void pair_rows(const uint16_t* from, int rows, int width, int limit, uint16_t* out) {
    Sides side = sides();
    for (int row = 0; row < rows; row += 2, from += 2 * width) {
        __mmask32 even = row < limit ? 0xFFFFFFFFu : 0u, odd = row + 1 < limit ? 0xFFFFFFFFu : 0u;
        int c = 0;
        for (; c + 32 <= width; c += 32, out += 64) {
            Pairs a = _mm512_maskz_loadu_epi16(even, from + c), b = _mm512_maskz_loadu_epi16(odd, from + width + c);
            _mm512_storeu_si512(out, _mm512_permutex2var_epi16(a, side.low, b));
            _mm512_storeu_si512(out + 32, _mm512_permutex2var_epi16(a, side.high, b));
        }
        if (c == width) continue;
        Pairs a = _mm512_maskz_loadu_epi16(even & 0xFFFFu, from + c);
        Pairs b = _mm512_maskz_loadu_epi16(odd & 0xFFFFu, from + width + c);
        _mm512_storeu_si512(out, _mm512_permutex2var_epi16(a, side.low, b));
        out += 32;
    }
}

// The right side of a product: (2 · pairs, width), as it is stored or paired.
struct Columns {
    const uint16_t* from;
    int pairs, width, limit;  // rows from `limit` on count as zero

    // Pairs of 64 columns, or of 16, from column c on.
    template <int kVecs, bool kPaired>
    inline void load(int pair, int c, const Sides& side, Pairs* out) const {
        if constexpr (kPaired) {
            const uint16_t* at = from + (static_cast<int64_t>(pair) * width + c) * 2;
#pragma GCC unroll 4
            for (int i = 0; i < kVecs; ++i) out[i] = load_pairs(at + i * 32);
        } else {
            static_assert(kVecs == kVecBlock);
            const uint16_t* at = from + int64_t{2} * pair * width + c;
            __builtin_prefetch(at + kAhead * width);
            __builtin_prefetch(at + kAhead * width + 32);
            __builtin_prefetch(at + (kAhead + 1) * width);
            __builtin_prefetch(at + (kAhead + 1) * width + 32);
            __mmask32 even = 2 * pair < limit ? 0xFFFFFFFFu : 0u, odd = 2 * pair + 1 < limit ? 0xFFFFFFFFu : 0u;
#pragma GCC unroll 2
            for (int i = 0; i < kVecs; i += 2) {
                Pairs a = _mm512_maskz_loadu_epi16(even, at + i * 16);
                Pairs b = _mm512_maskz_loadu_epi16(odd, at + width + i * 16);
                out[i] = _mm512_permutex2var_epi16(a, side.low, b);
                out[i + 1] = _mm512_permutex2var_epi16(a, side.high, b);
            }
        }
    }
};

struct Product {  // out = out · scales + a · columns; without scales the product alone
    const uint16_t* a;
    int64_t a_stride;
    Columns columns;
    const float* scales;
    float* out;
};

template <int kRows, int kVecs, bool kPaired>
inline void product_block(const Product& product, int row, int c) {
    const uint16_t* a = product.a + row * product.a_stride;
    const float* scales = product.scales == nullptr ? nullptr : product.scales + row;
    int64_t stride = product.columns.width;
    float* out = product.out + row * stride + c;
    Sides side = sides();
    Vec sums[kRows][kVecs];
    for (int r = 0; r < kRows; ++r)
        for (int i = 0; i < kVecs; ++i)
            sums[r][i] = scales == nullptr ? splat(0.f) : mul(load(out + r * stride + i * kWidth), splat(scales[r]));
    for (int p = 0; p < product.columns.pairs; ++p) {
        Pairs columns[kVecs];
        product.columns.load<kVecs, kPaired>(p, c, side, columns);
#pragma GCC unroll 6
        for (int r = 0; r < kRows; ++r) {
            int32_t pair;
            __builtin_memcpy(&pair, a + r * product.a_stride + 2 * p, 4);
#pragma GCC unroll 4
            for (int i = 0; i < kVecs; ++i) sums[r][i] = dot(sums[r][i], _mm512_set1_epi32(pair), columns[i]);
        }
    }
    for (int r = 0; r < kRows; ++r)
        for (int i = 0; i < kVecs; ++i) store(out + r * stride + i * kWidth, sums[r][i]);
}

template <int kRows, bool kPaired>
void product_rows(const Product& product, int row) {
    int c = 0, width = product.columns.width;
    for (; c + kVecBlock * kWidth <= width; c += kVecBlock * kWidth)
        product_block<kRows, kVecBlock, kPaired>(product, row, c);
    if constexpr (kPaired)
        for (; c < width; c += kWidth) product_block<kRows, 1, true>(product, row, c);
}

template <bool kPaired>
void product_rest(const Product& product, int row, int rows) {
    switch (rows) {
        case 5:
            return product_rows<5, kPaired>(product, row);
        case 4:
            return product_rows<4, kPaired>(product, row);
        case 3:
            return product_rows<3, kPaired>(product, row);
        case 2:
            return product_rows<2, kPaired>(product, row);
        case 1:
            return product_rows<1, kPaired>(product, row);
        default:
            return;
    }
}

// A few rows pair the columns as they go; for more of them the pairs are laid out in `paired` before.
inline bool is_direct(int rows, int width) { return rows <= kFewRows && width % (kVecBlock * kWidth) == 0; }

void pair_columns(Columns& columns, int rows, uint16_t* paired) {
    if (is_direct(rows, columns.width)) return;
    pair_rows(columns.from, 2 * columns.pairs, columns.width, columns.limit, paired);
    columns.from = paired;
}

void multiply(const Product& product, int rows, bool direct) {
    if (direct) return product_rest<false>(product, 0, rows);
    int row = 0;
    for (; row + kRowBlock <= rows; row += kRowBlock) product_rows<kRowBlock, true>(product, row);
    product_rest<true>(product, row, rows - row);
}

// A row's scores become weights e^(score - most), in bfloat16 where the scores were. Returns what the values that were
// weighted before must be multiplied by.
float weigh_scores(float* scores, int from, int to, float& most, float& total) {
    Vec score[kTokens / kWidth], best = splat(kLowest);
    for (int c = 0; c < kTokens / kWidth; ++c) score[c] = load(scores + c * kWidth);
    if (from > 0 || to < kTokens)
        for (int c = 0; c < kTokens / kWidth; ++c)
            score[c] = inside(score[c], splat(kLowest), from - c * kWidth, to - c * kWidth);
    for (Vec value : score) best = max_of(best, value);
    float before = most, now = reduce_max(best), kept = 1;
    if (now > before) {
        most = now;
        kept = first_lane(exp_of(splat(before - now)));
    }
    Vec top = splat(most), sum = splat(0.f);
    for (Vec& value : score) {
        value = exp_of(sub(value, top));
        sum = add(sum, value);
    }
    for (int c = 0; c < kTokens / kWidth; c += 2)
        _mm512_storeu_si512(scores + c * kWidth / 2, (Pairs)_mm512_cvtne2ps_pbh(score[c + 1], score[c]));
    total = total * kept + reduce(sum);
    return kept;
}

}  // namespace

void attend_page_avx512bf16(const PageTile& tile, const uint16_t* keys, const uint16_t* values) {
    Columns columns{keys, tile.k_dim / 2, kTokens, tile.k_dim};
    pair_columns(columns, tile.rows, tile.paired);
    multiply({tile.queries, tile.k_dim, columns, nullptr, tile.scores}, tile.rows, columns.from == keys);
    columns = {values, kTokens / 2, tile.v_dim, tile.to[tile.rows - 1]};
    pair_columns(columns, tile.rows, tile.paired);
    constexpr int kBlock = 8 * kRowBlock;  // their factors lie on the stack
    for (int row = 0; row < tile.rows; row += kBlock) {
        float kept[kBlock];
        int count = tile.rows - row < kBlock ? tile.rows - row : kBlock;
        float* scores = tile.scores + static_cast<int64_t>(row) * kTokens;
        for (int r = 0; r < count; ++r)
            kept[r] = weigh_scores(scores + static_cast<int64_t>(r) * kTokens, tile.from[row + r], tile.to[row + r],
                                   tile.most[row + r], tile.total[row + r]);
        multiply({reinterpret_cast<const uint16_t*>(scores), 2 * kTokens, columns, kept,
                  tile.mixed + static_cast<int64_t>(row) * tile.v_dim},
                 count, columns.from == values);
    }
}

}  // namespace fastmlx
