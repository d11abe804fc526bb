#pragma once
// Included after kernels_simd.h, under the same rules: weights to float32, and products with them. The fused loops (few
// tokens) and the tiled ones (many) compute every element by the same operations in the same order.
#include "cpu/kernels_simd.h"

namespace fastmlx {
namespace {

enum class Code { kAffine, kFp4, kFp8, kBF16, kF16 };

// Element i of a row as a vector; `scale` and `bias` are its group's, already floats.
template <Code kCode, int kBits>
struct Decoder {
    Vec first, second;
    inline void set(float scale, float bias) {
        if constexpr (kCode == Code::kBF16 || kCode == Code::kF16)
            return;
        else if constexpr (kCode == Code::kFp4)
            first = fp4_table(scale);
        else if constexpr (kCode == Code::kAffine && kBits <= kTableBits)
            first = code_table(scale, bias);
        else
            first = splat(scale), second = splat(bias);
    }
    Vec at(const uint8_t* data, int i) const {
        if constexpr (kCode == Code::kBF16)
            return load_bf16(data + static_cast<int64_t>(i) * 2);
        else if constexpr (kCode == Code::kF16)
            return load_f16(data + static_cast<int64_t>(i) * 2);
        else if constexpr (kCode == Code::kFp4)
            return fp4_look_up(first, data, i);
        else if constexpr (kCode == Code::kFp8)
            return mul(unpack_fp8(data, i), first);
        else if constexpr (kBits <= kTableBits)
            return look_up<kBits>(first, data, i);
        else
            return fma(unpack<kBits>(data, i), first, second);
    }
};

inline float half_of(const uint8_t* data, int index, bool bf16) {
    uint16_t half;
    __builtin_memcpy(&half, data + index * 2, 2);
    if (!bf16) return half_to_float(half);
    uint32_t wide = static_cast<uint32_t>(half) << 16;
    float value;
    __builtin_memcpy(&value, &wide, 4);
    return value;
}

void to_floats(DType dtype, const uint8_t* data, int count, float* out) {
    if (dtype == DType::kF32) {
        __builtin_memcpy(out, data, static_cast<size_t>(count) * 4);
        return;
    }
    bool bf16 = dtype == DType::kBF16;
    int i = 0;
    for (; i + kWidth <= count; i += kWidth) store(out + i, bf16 ? load_bf16(data + i * 2) : load_f16(data + i * 2));
    for (; i < count; ++i) out[i] = half_of(data, i, bf16);
}

inline float power_of(uint8_t code) {  // e8m0
    uint32_t bits = code == 0 ? 0x00400000u : static_cast<uint32_t>(code) << 23;
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}

inline float small_float(uint8_t code) {  // e4m3
    uint32_t bits = (code & 0x7Fu) << 20 | (code & 0x80u) << 24;
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value * 0x1p120f;
}

// The scales and biases of a row's groups: out[0, groups) and out[groups, 2·groups).
void load_scales(const Packing& packing, WeightRow row, int groups, float* out) {
    if (packing.storage == Storage::kDense) return;
    if (packing.storage == Storage::kAffine) {
        to_floats(packing.dtype, row.scales, groups, out);
        return to_floats(packing.dtype, row.biases, groups, out + groups);
    }
    bool e4m3 = packing.storage == Storage::kNvfp4;
    for (int g = 0; g < groups; ++g) out[g] = e4m3 ? small_float(row.scales[g]) : power_of(row.scales[g]);
}

template <Code kCode, int kBits>
void expand_row(const uint8_t* data, const float* scales, int group, int groups, float* out) {
    for (int g = 0; g < groups; ++g) {
        Decoder<kCode, kBits> decoder;
        decoder.set(scales[g], scales[groups + g]);
        for (int i = g * group; i < (g + 1) * group; i += kWidth) store(out + i, decoder.at(data, i));
    }
}

// Rows are short and the processor's own prefetching ends at a page: while kRows of them are computed, the next ones
// are asked for. Where there are none, the address is never read.
template <int kRows>
inline int64_t next_rows(const WeightRow* rows) {
    return kRows > 1 ? (rows[1 % kRows].data - rows[0].data) * kRows : 0;
}

template <int kRows>
inline void prefetch_rows(const WeightRow* rows, int64_t offset) {
    if constexpr (kRows > 1)
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) __builtin_prefetch(rows[r].data + offset);
}

// kRows rows by kTokens tokens straight from the codes.
template <Code kCode, int kBits, int kTokens, int kRows>
void fused_block(const WeightRow* rows, const float* scales, int group, int groups, const float* x, int64_t x_stride,
                 float* y, int64_t y_stride) {
    Vec sums[kTokens][kRows];
    for (int t = 0; t < kTokens; ++t)
        for (int r = 0; r < kRows; ++r) sums[t][r] = splat(0.f);
    int64_t ahead = next_rows<kRows>(rows);
    for (int g = 0; g < groups; ++g) {
        Decoder<kCode, kBits> decoders[kRows];  // unrolled, so that they and the sums stay in registers
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r)
            decoders[r].set(scales[2 * groups * r + g], scales[2 * groups * r + groups + g]);
        prefetch_rows<kRows>(rows, ahead + static_cast<int64_t>(g) * group * kBits / 8);
        for (int i = g * group; i < (g + 1) * group; i += kWidth) {
#pragma GCC unroll 4
            for (int r = 0; r < kRows; ++r) {
                Vec weight = decoders[r].at(rows[r].data, i);
#pragma GCC unroll 4
                for (int t = 0; t < kTokens; ++t) sums[t][r] = fma(load(x + t * x_stride + i), weight, sums[t][r]);
            }
        }
    }
    reduce_block<kTokens, kRows>(sums, y, y_stride);
}

struct Product {  // y = x · rowsᵀ
    Packing packing;
    const WeightRow* rows;
    int row_count, count;
    const float* x;
    int64_t x_stride;
    int tokens;
    float *scratch, *y;
    int64_t y_stride;
};

template <Code kCode, int kBits, int kTokens>
void fused_rows(const Product& p, int groups) {
    int r = 0;
    for (; r + 4 <= p.row_count; r += 4)
        fused_block<kCode, kBits, kTokens, 4>(p.rows + r, p.scratch + 2 * groups * r, p.packing.group, groups, p.x,
                                              p.x_stride, p.y + r, p.y_stride);
    for (; r < p.row_count; ++r)
        fused_block<kCode, kBits, kTokens, 1>(p.rows + r, p.scratch + 2 * groups * r, p.packing.group, groups, p.x,
                                              p.x_stride, p.y + r, p.y_stride);
}

// Calls body.operator()<tokens>(part) for four tokens at a time: the codes are still near for the next four.
template <class Body>
void four_at_a_time(Product part, Body&& body) {
    for (int left = part.tokens; left > 0; left -= part.tokens) {
        part.tokens = left < 4 ? left : 4;
        if (part.tokens == 1) body.template operator()<1>(part);
        if (part.tokens == 2) body.template operator()<2>(part);
        if (part.tokens == 3) body.template operator()<3>(part);
        if (part.tokens == 4) body.template operator()<4>(part);
        part.x += part.tokens * part.x_stride;
        part.y += part.tokens * part.y_stride;
    }
}

template <Code kCode, int kBits>
void multiply_coded(const Product& p) {
    int groups = p.count / p.packing.group;
    for (int r = 0; r < p.row_count; ++r) load_scales(p.packing, p.rows[r], groups, p.scratch + 2 * groups * r);
    if (p.tokens <= kFusedTokens)
        return four_at_a_time(
            p, [&]<int kTokens>(const Product& part) { fused_rows<kCode, kBits, kTokens>(part, groups); });
    float* tile = p.scratch + 2 * groups * p.row_count;
    for (int r = 0; r < p.row_count; ++r)
        expand_row<kCode, kBits>(p.rows[r].data, p.scratch + 2 * groups * r, p.packing.group, groups,
                                 tile + static_cast<int64_t>(r) * p.count);
    matmul(p.x, p.x_stride, p.tokens, tile, p.count, p.row_count, p.count, p.y, p.y_stride);
}

// Calls body.operator()<code, bits>() for a packing.
template <class Body>
void by_packing(const Packing& packing, Body&& body) {
    if (packing.storage == Storage::kMxfp8) return body.template operator()<Code::kFp8, 8>();
    if (packing.storage != Storage::kAffine) return body.template operator()<Code::kFp4, 4>();
    switch (packing.bits) {
        case 2:
            return body.template operator()<Code::kAffine, 2>();
        case 3:
            return body.template operator()<Code::kAffine, 3>();
        case 4:
            return body.template operator()<Code::kAffine, 4>();
        case 5:
            return body.template operator()<Code::kAffine, 5>();
        case 6:
            return body.template operator()<Code::kAffine, 6>();
        default:
            return body.template operator()<Code::kAffine, 8>();
    }
}

void multiply(const Packing& packing, const WeightRow* rows, int row_count, int count, const float* x, int64_t x_stride,
              int tokens, float* scratch, float* y, int64_t y_stride) {
    if (packing.storage == Storage::kDense) {
        int64_t step = row_count > 1 ? rows[1].data - rows[0].data : 0;
        if (packing.dtype == DType::kF32 && step % 4 == 0)  // in place
            return matmul(x, x_stride, tokens, reinterpret_cast<const float*>(rows[0].data), step / 4, row_count, count,
                          y, y_stride);
        if (tokens <= kFusedTokens && packing.dtype != DType::kF32 && count % kWidth == 0) {
            Product product{packing, rows, row_count, count, x, x_stride, tokens, scratch, y, y_stride};
            product.packing.group = count;
            return packing.dtype == DType::kBF16 ? multiply_coded<Code::kBF16, 16>(product)
                                                 : multiply_coded<Code::kF16, 16>(product);
        }
        for (int r = 0; r < row_count; ++r)
            to_floats(packing.dtype, rows[r].data, count, scratch + static_cast<int64_t>(r) * count);
        return matmul(x, x_stride, tokens, scratch, count, row_count, count, y, y_stride);
    }
    Product product{packing, rows, row_count, count, x, x_stride, tokens, scratch, y, y_stride};
    by_packing(packing, [&]<Code kCode, int kBits>() { multiply_coded<kCode, kBits>(product); });
}

void dequantise(Storage storage, int bits, int group, DType dtype, WeightRow row, int count, float* out) {
    if (storage == Storage::kDense) return to_floats(dtype, row.data, count, out);
    Packing packing{storage, dtype, bits, group};
    constexpr int kTogether = 64;  // groups
    for (int start = 0; start < count; start += kTogether * group) {
        float scales[2 * kTogether] = {};
        int groups = count - start < kTogether * group ? (count - start) / group : kTogether;
        load_scales(packing, row, groups, scales);
        by_packing(packing, [&]<Code kCode, int kBits>() {
            expand_row<kCode, kBits>(row.data, scales, group, groups, out + start);
        });
        int scale_bytes = storage == Storage::kAffine ? (dtype == DType::kF32 ? 4 : 2) : 1;
        row.data += static_cast<int64_t>(kTogether) * group * bits / 8;
        row.scales += kTogether * scale_bytes;
        if (row.biases != nullptr) row.biases += kTogether * scale_bytes;
    }
}

}  // namespace
}  // namespace fastmlx
