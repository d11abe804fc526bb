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

void weigh(const float* p, const float* v, int keys, int dim, float* out) {
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

}  // namespace

const Kernels& plain_kernels() {
    static constexpr Kernels kTable{"plain",     dequantise_plain, matmul,        weigh,
                                    sum_squares, round_values,     matmul_rounded};
    return kTable;
}

}  // namespace fastmlx
