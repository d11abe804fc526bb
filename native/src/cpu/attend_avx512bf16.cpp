// Attention over a page of bfloat16 keys and values by VDPBF16PS: the products are exact, the sums float32, and weights
// are rounded to bfloat16, as MLX's are before they meet the values. What a row gets depends on its own query and on
// the pages alone, never on the rows beside it.
#include "cpu/kernels_avx512bf16.h"
#include "cpu/kernels_exp.h"

namespace fastmlx {
namespace {

constexpr int kTokens = 64;  // of a page
constexpr int kRowBlock = 6, kVecBlock = 4;
constexpr float kLowest = -3.4028235e38f;

// out[(i, c)] = rows 2i and 2i + 1 of column c, side by side. Rows from `limit` on count as zero: nobody wrote them.
void pair_rows(const uint16_t* from, int rows, int width, int limit, uint16_t* out) {
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
    Pairs low = _mm512_load_si512(kPlaces.low), high = _mm512_load_si512(kPlaces.high);
    for (int row = 0; row < rows; row += 2, from += 2 * width) {
        __mmask32 even = row < limit ? 0xFFFFFFFFu : 0u, odd = row + 1 < limit ? 0xFFFFFFFFu : 0u;
        for (int c = 0; c < width; c += 32, out += 64) {
            __mmask32 some = width - c >= 32 ? 0xFFFFFFFFu : 0xFFFFu;
            Pairs a = _mm512_maskz_loadu_epi16(even & some, from + c);
            Pairs b = _mm512_maskz_loadu_epi16(odd & some, from + width + c);
            _mm512_storeu_si512(out, _mm512_permutex2var_epi16(a, low, b));
            if (width - c >= 32)
                _mm512_storeu_si512(out + 32, _mm512_permutex2var_epi16(a, high, b));
            else
                out -= 32;
        }
    }
}

// out[r][c] = out[r][c] · scales[r] + Σ a[r] pair p · b[p][c]. Without scales the sum alone.
template <int kRows, int kVecs>
inline void pair_block(const uint16_t* a, int64_t a_stride, const uint16_t* b, int pairs, int64_t b_width,
                       const float* scales, float* out, int64_t out_stride) {
    Vec sums[kRows][kVecs];
    for (int r = 0; r < kRows; ++r)
        for (int c = 0; c < kVecs; ++c)
            sums[r][c] =
                scales == nullptr ? splat(0.f) : mul(load(out + r * out_stride + c * kWidth), splat(scales[r]));
    for (int p = 0; p < pairs; ++p, b += 2 * b_width) {
        Pairs columns[kVecs];
#pragma GCC unroll 4
        for (int c = 0; c < kVecs; ++c) columns[c] = load_pairs(b + c * 32);
#pragma GCC unroll 6
        for (int r = 0; r < kRows; ++r) {
            int32_t pair;
            __builtin_memcpy(&pair, a + r * a_stride + 2 * p, 4);
#pragma GCC unroll 4
            for (int c = 0; c < kVecs; ++c) sums[r][c] = dot(sums[r][c], _mm512_set1_epi32(pair), columns[c]);
        }
    }
    for (int r = 0; r < kRows; ++r)
        for (int c = 0; c < kVecs; ++c) store(out + r * out_stride + c * kWidth, sums[r][c]);
}

struct Product {  // (rows, 2 · pairs) by pairs (pairs, width)
    const uint16_t* a;
    int64_t a_stride;
    const uint16_t* b;
    int pairs, width;
    const float* scales;
    float* out;
};

template <int kRows>
void product_rows(const Product& p, int row) {
    const float* scales = p.scales == nullptr ? nullptr : p.scales + row;
    const uint16_t* a = p.a + row * p.a_stride;
    float* out = p.out + static_cast<int64_t>(row) * p.width;
    int c = 0;
    for (; c + kVecBlock * kWidth <= p.width; c += kVecBlock * kWidth)
        pair_block<kRows, kVecBlock>(a, p.a_stride, p.b + 2 * c, p.pairs, p.width, scales, out + c, p.width);
    for (; c < p.width; c += kWidth)
        pair_block<kRows, 1>(a, p.a_stride, p.b + 2 * c, p.pairs, p.width, scales, out + c, p.width);
}

void product(const Product& p, int rows) {
    int row = 0;
    for (; row + kRowBlock <= rows; row += kRowBlock) product_rows<kRowBlock>(p, row);
    switch (rows - row) {
        case 5:
            return product_rows<5>(p, row);
        case 4:
            return product_rows<4>(p, row);
        case 3:
            return product_rows<3>(p, row);
        case 2:
            return product_rows<2>(p, row);
        case 1:
            return product_rows<1>(p, row);
        default:
            return;
    }
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
    pair_rows(keys, tile.k_dim, kTokens, tile.k_dim, tile.paired);
    product({tile.queries, tile.k_dim, tile.paired, tile.k_dim / 2, kTokens, nullptr, tile.scores}, tile.rows);
    pair_rows(values, kTokens, tile.v_dim, tile.to[tile.rows - 1], tile.paired);
    constexpr int kBlock = 8 * kRowBlock;  // their factors lie on the stack
    for (int row = 0; row < tile.rows; row += kBlock) {
        float kept[kBlock];
        int count = tile.rows - row < kBlock ? tile.rows - row : kBlock;
        float* scores = tile.scores + static_cast<int64_t>(row) * kTokens;
        for (int r = 0; r < count; ++r)
            kept[r] = weigh_scores(scores + static_cast<int64_t>(r) * kTokens, tile.from[row + r], tile.to[row + r],
                                   tile.most[row + r], tile.total[row + r]);
        product({reinterpret_cast<const uint16_t*>(scores), 2 * kTokens, tile.paired, kTokens / 2, tile.v_dim, kept,
                 tile.mixed + static_cast<int64_t>(row) * tile.v_dim},
                count);
    }
}

}  // namespace fastmlx
