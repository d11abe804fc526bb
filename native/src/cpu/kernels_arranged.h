#pragma once
// Included after kernels_weights.h by tables with 16 lanes: products with 4-bit codes whose x was dealt to the lanes
// beforehand (`arrange`), so that a code costs a shift and a look-up and no shuffle. A block of a group, 32
// codes or 16, is copied to all parts of a register, 8 codes a lane; part p's lanes are shifted by p · steps codes
// more. In step j lane l of part p holds element 8 · (l % words) + p · steps + j of its block.
#include "cpu/kernels_weights.h"

namespace fastmlx {
namespace {

template <int kBlock>  // codes in a block: 32 or 16; blocks of 64 spill registers with four tokens
struct Deal {
    static constexpr int kWords = kBlock / 8, kSteps = kBlock / kWidth;
    static constexpr int element(int step, int lane) { return 8 * (lane % kWords) + lane / kWords * kSteps + step; }
};

template <int kBlock>
void deal(const float* x, int count, float* out) {
    for (int start = 0; start < count; start += kBlock)
        for (int step = 0; step < Deal<kBlock>::kSteps; ++step)
            for (int lane = 0; lane < kWidth; ++lane) *out++ = x[start + Deal<kBlock>::element(step, lane)];
}

inline bool is_dealt(const Packing& packing) {
    return packing.storage == Storage::kMxfp4 || packing.storage == Storage::kNvfp4 ||
           (packing.storage == Storage::kAffine && packing.bits == 4);
}

template <class Body>
void by_block(const Packing& packing, Body&& body) {
    bool affine = packing.storage == Storage::kAffine;
    if (affine) return body.template operator()<Code::kAffine, 32>();
    if (packing.group == 32) return body.template operator()<Code::kFp4, 32>();
    return body.template operator()<Code::kFp4, 16>();
}

bool arrange(const Packing& packing, const float* x, int count, float* out) {
    if (!is_dealt(packing)) return false;
    by_block(packing, [&]<Code, int kBlock>() { deal<kBlock>(x, count, out); });
    return true;
}

template <Code kCode, int kBlock, int kTokens, int kRows>
void dealt_block(const WeightRow* rows, const float* scales, int group, int groups, const float* x, int64_t x_stride,
                 float* y, int64_t y_stride) {
    Vec sums[kTokens][kRows];
    for (int t = 0; t < kTokens; ++t)
        for (int r = 0; r < kRows; ++r) sums[t][r] = splat(0.f);
    Shifts shifts = lane_shifts<kBlock>();
    int64_t ahead = next_rows<kRows>(rows);
    for (int g = 0; g < groups; ++g) {
        Decoder<kCode, 4> decoders[kRows];
        prefetch_rows<kRows>(rows, ahead + g * group / 2);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r)
            decoders[r].set(scales[2 * groups * r + g], scales[2 * groups * r + groups + g]);
        for (int start = g * group; start < (g + 1) * group; start += kBlock) {
            Codes codes[kRows];
#pragma GCC unroll 4
            for (int r = 0; r < kRows; ++r) codes[r] = repeat_codes<kBlock>(rows[r].data + start / 2);
#pragma GCC unroll 4
            for (int step = 0; step < Deal<kBlock>::kSteps; ++step) {
                Vec in[kTokens];
#pragma GCC unroll 4
                for (int t = 0; t < kTokens; ++t) in[t] = load(x + t * x_stride + start + step * kWidth);
#pragma GCC unroll 4
                for (int r = 0; r < kRows; ++r) {
                    Vec weight = pick_values(decoders[r].first, codes[r], shifts, step);
#pragma GCC unroll 4
                    for (int t = 0; t < kTokens; ++t) sums[t][r] = fma(in[t], weight, sums[t][r]);
                }
            }
        }
    }
    reduce_block<kTokens, kRows>(sums, y, y_stride);
}

template <Code kCode, int kBlock, int kTokens>
void dealt_rows(const Product& p, int groups) {
    int r = 0;
    for (; r + 4 <= p.row_count; r += 4)
        dealt_block<kCode, kBlock, kTokens, 4>(p.rows + r, p.scratch + 2 * groups * r, p.packing.group, groups, p.x,
                                               p.x_stride, p.y + r, p.y_stride);
    for (; r < p.row_count; ++r)
        dealt_block<kCode, kBlock, kTokens, 1>(p.rows + r, p.scratch + 2 * groups * r, p.packing.group, groups, p.x,
                                               p.x_stride, p.y + r, p.y_stride);
}

template <Code kCode, int kBlock>
void expand_dealt(const uint8_t* data, const float* scales, int group, int groups, float* out) {
    Shifts shifts = lane_shifts<kBlock>();
    for (int g = 0; g < groups; ++g) {
        Decoder<kCode, 4> decoder;
        decoder.set(scales[g], scales[groups + g]);
        for (int start = g * group; start < (g + 1) * group; start += kBlock) {
            Codes codes = repeat_codes<kBlock>(data + start / 2);
            for (int step = 0; step < Deal<kBlock>::kSteps; ++step)
                store(out + start + step * kWidth, pick_values(decoder.first, codes, shifts, step));
        }
    }
}

template <Code kCode, int kBlock>
void multiply_dealt(const Product& p) {
    int groups = p.count / p.packing.group;
    for (int r = 0; r < p.row_count; ++r) load_scales(p.packing, p.rows[r], groups, p.scratch + 2 * groups * r);
    if (p.tokens <= kFusedTokens)
        return four_at_a_time(
            p, [&]<int kTokens>(const Product& part) { dealt_rows<kCode, kBlock, kTokens>(part, groups); });
    float* tile = p.scratch + 2 * groups * p.row_count;
    for (int r = 0; r < p.row_count; ++r)
        expand_dealt<kCode, kBlock>(p.rows[r].data, p.scratch + 2 * groups * r, p.packing.group, groups,
                                    tile + static_cast<int64_t>(r) * p.count);
    matmul(p.x, p.x_stride, p.tokens, tile, p.count, p.row_count, p.count, p.y, p.y_stride);
}

void multiply_arranged(const Packing& packing, const WeightRow* rows, int row_count, int count, const float* x,
                       int64_t x_stride, int tokens, float* scratch, float* y, int64_t y_stride) {
    if (!is_dealt(packing)) return multiply(packing, rows, row_count, count, x, x_stride, tokens, scratch, y, y_stride);
    Product product{packing, rows, row_count, count, x, x_stride, tokens, scratch, y, y_stride};
    by_block(packing, [&]<Code kCode, int kBlock>() { multiply_dealt<kCode, kBlock>(product); });
}

}  // namespace
}  // namespace fastmlx
