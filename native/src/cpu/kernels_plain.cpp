#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/rounded.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

void matmul(const float* x, int64_t x_stride, int tokens, const float* w, int64_t w_stride, int rows, int count,
            float* y, int64_t y_stride) {
    for (int t = 0; t < tokens; ++t)
        for (int r = 0; r < rows; ++r) {
            const float* a = x + t * x_stride;
            const float* b = w + r * w_stride;
            float sum = 0;
            for (int i = 0; i < count; ++i) sum += a[i] * b[i];
            y[t * y_stride + r] = sum;
        }
}

void multiply(const Packing& packing, const WeightRow* rows, int row_count, int count, const float* x, int64_t x_stride,
              int tokens, float* scratch, float* y, int64_t y_stride) {
    for (int r = 0; r < row_count; ++r)
        dequantise_plain(packing.storage, packing.bits, packing.group, packing.dtype, rows[r], count,
                         scratch + static_cast<int64_t>(r) * count);
    matmul(x, x_stride, tokens, scratch, count, row_count, count, y, y_stride);
}

void weigh(const float* p, int64_t p_stride, int rows, const float* v, int keys, int dim, float* out,
           int64_t out_stride) {
    for (int r = 0; r < rows; ++r, p += p_stride, out += out_stride)
        for (int j = 0; j < keys; ++j)
            for (int d = 0; d < dim; ++d) out[d] += p[j] * v[static_cast<int64_t>(j) * dim + d];
}

float sum_squares(const float* x, int count) {
    float sum = 0;
    for (int i = 0; i < count; ++i) sum += x[i] * x[i];
    return sum;
}

void round_values(DType dtype, float* values, int64_t count) {
    if (dtype == DType::kF32) return;
    for (int64_t i = 0; i < count; ++i) values[i] = round_to(dtype, values[i]);
}

void softmax(DType dtype, float* scores, int count, int first, int last, const float* sink) {
    float best = sink != nullptr ? *sink : -INFINITY;
    for (int j = first; j <= last; ++j) best = std::max(best, scores[j]);
    float sum = sink != nullptr ? std::exp(*sink - best) : 0.f;
    for (int j = first; j <= last; ++j) sum += scores[j] = std::exp(scores[j] - best);
    float inverse = 1.f / sum;
    for (int j = first; j <= last; ++j) scores[j] = round_to(dtype, scores[j] * inverse);
    std::fill(scores, scores + first, 0.f);
    std::fill(scores + last + 1, scores + count, 0.f);
}

// MLX's form of the sigmoid: the exponential of |x| is rounded, the rest is float32.
void silu_gate(DType dtype, const float* gate, const float* up, float* out, int count) {
    for (int i = 0; i < count; ++i) {
        float g = gate[i], y = 1.f / (1.f + round_to(dtype, std::exp(std::fabs(g))));
        float value = round_to(dtype, g * round_to(dtype, g < 0 ? y : 1.f - y));
        out[i] = up == nullptr ? value : value * up[i];
    }
}

void turn(DType dtype, const float* in, const float* cosines, const float* sines, int half, float* out) {
    for (int i = 0; i < half; ++i) {
        float a = in[i], b = in[i + half];
        out[i] = round_to(dtype, a * cosines[i]) - round_to(dtype, b * sines[i]);
        out[i + half] = round_to(dtype, a * sines[i]) + round_to(dtype, b * cosines[i]);
    }
}

}  // namespace

const Kernels& plain_kernels() {
    static constexpr Kernels kTable{"plain",      dequantise_plain, multiply,  matmul, weigh,         sum_squares,
                                    round_values, softmax,          silu_gate, turn,   matmul_rounded};
    return kTable;
}

}  // namespace fastmlx
