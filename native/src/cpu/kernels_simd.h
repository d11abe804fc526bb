#pragma once
// The loops of every SIMD table, written once over a vector type `Vec` that the including file defines. Each file
// includes this inside its own anonymous namespace and compiles it with its own flags; nothing here may call a function
// that is shared between those files, or the linker might keep a copy with instructions this machine lacks.
//
// Sums: lane l of an accumulator takes elements l, l + width, …; the lanes are added in one fixed tree. So each result
// depends on its own operands alone, never on how many rows or tokens are computed beside it.
#include "cpu/kernels.h"
#include "cpu/kernels_exp.h"
#include "cpu/rounded.h"

namespace fastmlx {
namespace {

// ---- values ----

inline Vec load_some(const float* from, int count) { return count >= kWidth ? load(from) : load_part(from, count); }

inline void store_some(float* to, Vec value, int count) {
    if (count >= kWidth)
        store(to, value);
    else
        store_part(to, value, count);
}

template <int kFormat>  // of DType
inline Vec to_dtype(Vec value) {
    if constexpr (kFormat == static_cast<int>(DType::kBF16)) return round_bf16(value);
    if constexpr (kFormat == static_cast<int>(DType::kF16)) return round_f16(value);
    return value;
}

template <class Body>
inline void by_dtype(DType dtype, Body&& body) {
    if (dtype == DType::kBF16)
        body.template operator()<static_cast<int>(DType::kBF16)>();
    else if (dtype == DType::kF16)
        body.template operator()<static_cast<int>(DType::kF16)>();
    else
        body.template operator()<static_cast<int>(DType::kF32)>();
}

void round_values(DType dtype, float* values, int64_t count) {
    if (dtype == DType::kF32) return;
    by_dtype(dtype, [&]<int kFormat>() {
        for (int64_t i = 0; i < count; i += kWidth) {
            int some = count - i >= kWidth ? kWidth : static_cast<int>(count - i);
            store_some(values + i, to_dtype<kFormat>(load_some(values + i, some)), some);
        }
    });
}

// ---- sums ----

float sum_squares(const float* x, int count) {
    Vec sum = splat(0.f);
    for (int i = 0; i < count; i += kWidth) {
        Vec value = load_some(x + i, count - i);
        sum = fma(value, value, sum);
    }
    return reduce(sum);
}

// x: kTokens rows, w: kRows rows.
template <int kTokens, int kRows>
inline void dot_block(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int count, float* y,
                      int64_t y_stride) {
    Vec sums[kTokens][kRows];
    for (int t = 0; t < kTokens; ++t)
        for (int r = 0; r < kRows; ++r) sums[t][r] = splat(0.f);
    int i = 0;
    for (; i + kWidth <= count; i += kWidth) {
        Vec in[kTokens];
        for (int t = 0; t < kTokens; ++t) in[t] = load(x + t * x_stride + i);
        for (int r = 0; r < kRows; ++r) {
            Vec weight = load(w + r * w_stride + i);
            for (int t = 0; t < kTokens; ++t) sums[t][r] = fma(in[t], weight, sums[t][r]);
        }
    }
    if (i < count) {
        for (int r = 0; r < kRows; ++r) {
            Vec weight = load_part(w + r * w_stride + i, count - i);
            for (int t = 0; t < kTokens; ++t)
                sums[t][r] = fma(load_part(x + t * x_stride + i, count - i), weight, sums[t][r]);
        }
    }
    reduce_block<kTokens, kRows>(sums, y, y_stride);
}

template <int kTokens>
inline void dot_rows(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int rows, int count, float* y,
                     int64_t y_stride) {
    int r = 0;
    for (; r + 4 <= rows; r += 4)
        dot_block<kTokens, 4>(x, x_stride, w + r * w_stride, w_stride, count, y + r, y_stride);
    for (; r < rows; ++r) dot_block<kTokens, 1>(x, x_stride, w + r * w_stride, w_stride, count, y + r, y_stride);
}

void matmul(const float* x, int64_t x_stride, int tokens, const float* w, int64_t w_stride, int rows, int count,
            float* y, int64_t y_stride) {
    int t = 0;
    for (; t + kTokenBlock <= tokens; t += kTokenBlock)
        dot_rows<kTokenBlock>(x + t * x_stride, x_stride, w, w_stride, rows, count, y + t * y_stride, y_stride);
    for (; t < tokens; ++t)
        dot_rows<1>(x + t * x_stride, x_stride, w, w_stride, rows, count, y + t * y_stride, y_stride);
}

template <int kRows, int kVecs>
inline void weigh_block(const float* p, int64_t p_stride, const float* v, int keys, int dim, float* out,
                        int64_t out_stride) {
    Vec sums[kRows][kVecs];
    for (int r = 0; r < kRows; ++r)
        for (int c = 0; c < kVecs; ++c) sums[r][c] = load(out + r * out_stride + c * kWidth);
    for (int j = 0; j < keys; ++j, v += dim) {
        Vec values[kVecs];
        for (int c = 0; c < kVecs; ++c) values[c] = load(v + c * kWidth);
        for (int r = 0; r < kRows; ++r) {
            Vec weight = splat(p[r * p_stride + j]);
            for (int c = 0; c < kVecs; ++c) sums[r][c] = fma(weight, values[c], sums[r][c]);
        }
    }
    for (int r = 0; r < kRows; ++r)
        for (int c = 0; c < kVecs; ++c) store(out + r * out_stride + c * kWidth, sums[r][c]);
}

template <int kRows>
inline void weigh_rows(const float* p, int64_t p_stride, const float* v, int keys, int dim, float* out,
                       int64_t out_stride) {
    int d = 0;
    for (; d + kWeighVecs * kWidth <= dim; d += kWeighVecs * kWidth)
        weigh_block<kRows, kWeighVecs>(p, p_stride, v + d, keys, dim, out + d, out_stride);
    for (; d + kWidth <= dim; d += kWidth) weigh_block<kRows, 1>(p, p_stride, v + d, keys, dim, out + d, out_stride);
    for (int r = 0; d < dim && r < kRows; ++r) {
        Vec sum = load_part(out + r * out_stride + d, dim - d);
        for (int j = 0; j < keys; ++j)
            sum = fma(splat(p[r * p_stride + j]), load_part(v + static_cast<int64_t>(j) * dim + d, dim - d), sum);
        store_part(out + r * out_stride + d, sum, dim - d);
    }
}

void weigh(const float* p, int64_t p_stride, int rows, const float* v, int keys, int dim, float* out,
           int64_t out_stride) {
    int r = 0;
    for (; r + 4 <= rows; r += 4)
        weigh_rows<4>(p + r * p_stride, p_stride, v, keys, dim, out + r * out_stride, out_stride);
    for (; r + 2 <= rows; r += 2)
        weigh_rows<2>(p + r * p_stride, p_stride, v, keys, dim, out + r * out_stride, out_stride);
    for (; r < rows; ++r) weigh_rows<1>(p + r * p_stride, p_stride, v, keys, dim, out + r * out_stride, out_stride);
}

// ---- softmax and activations ----

void softmax(DType dtype, float* scores, int count, int first, int last, const float* sink) {
    // Whole vectors from a multiple of the width: the lanes of the sum depend on a key's position, not on the tile.
    for (int j = 0; j < first; ++j) scores[j] = 0.f;
    for (int j = last + 1; j < count; ++j) scores[j] = 0.f;
    int start = first / kWidth * kWidth, end = last + 1;
    Vec lowest = splat(-3.4028235e38f), most = lowest;
    for (int j = start; j < end; j += kWidth)
        most = max_of(most, inside(load_some(scores + j, end - j), lowest, first - j, end - j));
    float best = reduce_max(most);
    if (sink != nullptr && *sink > best) best = *sink;
    Vec total = splat(0.f), top = splat(best);
    for (int j = start; j < end; j += kWidth) {
        Vec power = inside(exp_of(sub(load_some(scores + j, end - j), top)), splat(0.f), first - j, end - j);
        total = add(total, power);
        store_some(scores + j, power, end - j);
    }
    float sum = reduce(total);
    if (sink != nullptr) sum += first_lane(exp_of(splat(*sink - best)));
    Vec inverse = splat(1.f / sum);
    by_dtype(dtype, [&]<int kFormat>() {
        for (int j = start; j < end; j += kWidth)
            store_some(scores + j, to_dtype<kFormat>(mul(load_some(scores + j, end - j), inverse)), end - j);
    });
}

template <int kFormat>
inline Vec sigmoid_of(Vec x) {
    Vec one = splat(1.f);
    Vec y = div(one, add(one, to_dtype<kFormat>(exp_of(absolute(x)))));
    return to_dtype<kFormat>(where_negative(x, y, sub(one, y)));
}

void silu_gate(DType dtype, const float* gate, const float* up, float* out, int count) {
    by_dtype(dtype, [&]<int kFormat>() {
        for (int i = 0; i < count; i += kWidth) {
            Vec g = load_some(gate + i, count - i);
            Vec value = to_dtype<kFormat>(mul(g, sigmoid_of<kFormat>(g)));
            if (up != nullptr) value = mul(value, load_some(up + i, count - i));
            store_some(out + i, value, count - i);
        }
    });
}

void turn(DType dtype, const float* in, const float* cosines, const float* sines, int half, float* out) {
    by_dtype(dtype, [&]<int kFormat>() {
        for (int i = 0; i < half; i += kWidth) {
            int some = half - i;
            Vec a = load_some(in + i, some), b = load_some(in + half + i, some);
            Vec c = load_some(cosines + i, some), s = load_some(sines + i, some);
            store_some(out + i, sub(to_dtype<kFormat>(mul(a, c)), to_dtype<kFormat>(mul(b, s))), some);
            store_some(out + half + i, add(to_dtype<kFormat>(mul(a, s)), to_dtype<kFormat>(mul(b, c))), some);
        }
    });
}

}  // namespace
}  // namespace fastmlx
