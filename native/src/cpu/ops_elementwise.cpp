#include <algorithm>
#include <cmath>

#include "cpu/ops.h"
#include "cpu/scalar.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

void check_same(Tensor a, Tensor b, const char* what) {
    if (a.rows != b.rows || a.cols != b.cols)
        fail(FM_INTERNAL, what, " of (", a.rows, ", ", a.cols, ") and (", b.rows, ", ", b.cols, ")");
}

float activate_one(Activation kind, DType t, float g, float u) {
    switch (kind) {
        case Activation::kSwiGlu:
            return round_to(t, g * sigmoid_of(t, g)) * u;
        case Activation::kGeGlu:
            return gelu_of(t, g) * u;
        case Activation::kClippedSwiGlu: {
            g = std::min(g, 7.f);
            u = std::clamp(u, -7.f, 7.f);
            float gate = sigmoid_of(t, round_to(t, round_to(t, 1.702f) * g));
            return round_to(t, g * gate) * round_to(t, u + 1.f);
        }
        case Activation::kRelu2:
            break;
    }
    return std::max(g, 0.f) * std::max(g, 0.f);
}

}  // namespace

Tensor CpuOps::rms_norm(Tensor x, const Vector& weight, const NormSpec& spec) {
    int width = spec.width == 0 ? x.cols : spec.width;
    bool whole = weight && weight.count == x.cols;  // one weight per feature, or one per feature of a segment
    if (x.cols % width != 0 || (weight && !whole && weight.count != width))
        fail(FM_INTERNAL, "rms_norm of ", x.cols, " features in segments of ", width);
    DType type = weight ? promote(x.dtype, weight.dtype) : x.dtype;
    const float* w = floats(weight);
    if (spec.plus_one) {
        auto* plus = const_cast<float*>(w);  // ours: floats() made it for this step
        for (int i = 0; i < weight.count; ++i) plus[i] = round_to(weight.dtype, plus[i] + 1.f);
    }
    return each(x, type, [&](const float* in, float* out, int cols) {
        for (int start = 0; start < cols; start += width) {
            float mean = sums(x.dtype).sum_squares(in + start, width) / static_cast<float>(width);
            float factor = 1.f / std::sqrt(mean + spec.eps);
            for (int i = start; i < start + width; ++i) out[i] = in[i] * factor;
        }
        if (w == nullptr) return kernels_.round(type, out, cols);
        kernels_.round(type, out, cols);
        for (int start = 0; start < cols; start += width)
            for (int i = 0; i < width; ++i) out[start + i] *= w[whole ? start + i : i];
        kernels_.round(type, out, cols);
    });
}

Tensor CpuOps::layer_norm(Tensor x, const Vector& weight, const Vector& bias, float eps) {
    DType type = weight ? promote(x.dtype, weight.dtype) : x.dtype;
    const float* w = floats(weight);
    const float* b = floats(bias);
    return each(x, type, [&](const float* in, float* out, int cols) {
        float mean = 0, variance = 0;
        for (int i = 0; i < cols; ++i) mean += in[i];
        mean /= static_cast<float>(cols);
        for (int i = 0; i < cols; ++i) variance += (in[i] - mean) * (in[i] - mean);
        float factor = 1.f / std::sqrt(variance / static_cast<float>(cols) + eps);
        for (int i = 0; i < cols; ++i) out[i] = (in[i] - mean) * factor;
        kernels_.round(type, out, cols);
        if (w != nullptr) {
            for (int i = 0; i < cols; ++i) out[i] *= w[i];
            kernels_.round(type, out, cols);
        }
        if (b != nullptr) {
            for (int i = 0; i < cols; ++i) out[i] += b[i];
            kernels_.round(type, out, cols);
        }
    });
}

Tensor CpuOps::rms_norm_gated(Tensor x, Tensor gate, const Vector& weight, const NormSpec& spec) {
    check_same(x, gate, "gated norm");
    Tensor y = rms_norm(x, weight, spec);
    rows(y.rows, y.cols * 8, [&](int row, int) {
        int64_t at = static_cast<int64_t>(row) * y.cols;
        const float* z = data(gate) + at;
        float* out = data(y) + at;
        for (int i = 0; i < y.cols; ++i) out[i] *= z[i] * sigmoid_of(DType::kF32, z[i]);
        kernels_.round(y.dtype, out, y.cols);
    });
    return y;
}

// The cosines and sines of every row of x, (rows, dims): all layers and heads of one kind share them.
const float* CpuOps::angles(const Rope& rope, Tensor x) {
    const std::vector<int32_t>& positions = layout_.positions(x);
    DType dtype = x.dtype;
    for (const Angles& known : angles_)
        if (known.positions == &positions && known.dtype == dtype && known.rope.dims == rope.dims &&
            known.rope.inverse == rope.inverse && known.rope.position_scale == rope.position_scale &&
            known.rope.dynamic_factor == rope.dynamic_factor && known.rope.dynamic_max == rope.dynamic_max)
            return known.table;
    int half = rope.dims / 2, count = static_cast<int>(positions.size());
    float* table = step_.floats(static_cast<int64_t>(count) * rope.dims);
    rows(count, rope.dims * 32, [&](int row, int) {
        int position = positions[static_cast<size_t>(row)];
        float* cosines = table + static_cast<int64_t>(row) * rope.dims;
        float* sines = cosines + half;
        double shrink = 1;  // dynamic NTK: a longer timeline turns more slowly
        if (rope.dynamic_factor > 0 && position >= rope.dynamic_max) {
            double f = rope.dynamic_factor, length = position + 1;
            double base =
                std::pow(f * length / rope.dynamic_max - (f - 1), static_cast<double>(rope.dims) / (rope.dims - 2));
            shrink = std::pow(base, -2.0 / rope.dims);
        }
        double step = 1;
        for (int i = 0; i < half; ++i, step *= shrink) {
            float inverse = rope.inverse[static_cast<size_t>(i)];
            if (shrink != 1) inverse = static_cast<float>(inverse * step);
            float angle = (static_cast<float>(position) * rope.position_scale) * inverse;
            cosines[i] = round_to(dtype, std::cos(angle));
            sines[i] = round_to(dtype, std::sin(angle));
        }
    });
    angles_.push_back({rope, dtype, &positions, table});
    return table;
}

Tensor CpuOps::rope(Tensor x, int head_dim, const Rope& rope) {
    if (rope.dims == 0) return x;
    int half = rope.dims / 2;
    if (x.cols % head_dim != 0 || rope.dims > head_dim || rope.inverse.size() != static_cast<size_t>(half))
        fail(FM_INTERNAL, "rope over ", rope.dims, " of ", head_dim, " features");
    Tensor y = make(x.rows, x.cols, x.dtype);
    float magnitude = round_to(x.dtype, rope.magnitude);
    const float* table = angles(rope, x);
    rows(x.rows, x.cols * 8, [&](int row, int) {
        const float* cosines = table + static_cast<int64_t>(row) * rope.dims;
        const float* sines = cosines + half;
        int64_t at = static_cast<int64_t>(row) * x.cols;
        int stride = rope.interleaved ? 2 : 1, other = rope.interleaved ? 1 : half;
        for (int start = 0; start < x.cols; start += head_dim) {
            const float* in = data(x) + at + start;
            float* out = data(y) + at + start;
            std::copy(in + rope.dims, in + head_dim, out + rope.dims);
            if (rope.magnitude == 1 && stride == 1) {
                kernels_.turn(x.dtype, in, cosines, sines, half, out);
                continue;
            }
            for (int i = 0; i < half; ++i) {
                float a = in[i * stride], b = in[i * stride + other];
                if (rope.magnitude != 1) {
                    a = round_to(x.dtype, a * magnitude);
                    b = round_to(x.dtype, b * magnitude);
                }
                out[i * stride] = round_to(x.dtype, a * cosines[i]) - round_to(x.dtype, b * sines[i]);
                out[i * stride + other] = round_to(x.dtype, a * sines[i]) + round_to(x.dtype, b * cosines[i]);
            }
        }
        kernels_.round(y.dtype, data(y) + at, x.cols);
    });
    return y;
}

Tensor CpuOps::activate(Activation kind, Tensor gate, Tensor up) {
    bool gated = kind != Activation::kRelu2;
    if (gated) check_same(gate, up, "gated activation");
    DType type = gated ? promote(gate.dtype, up.dtype) : gate.dtype;
    Tensor y = make(gate.rows, gate.cols, type);
    rows(y.rows, y.cols * 16, [&](int row, int) {
        int64_t at = static_cast<int64_t>(row) * y.cols;
        const float* g = data(gate) + at;
        const float* u = gated ? data(up) + at : g;
        float* out = data(y) + at;
        if (kind == Activation::kSwiGlu)
            sums(gate.dtype).silu_gate(gate.dtype, g, u, out, y.cols);
        else
            for (int i = 0; i < y.cols; ++i) out[i] = activate_one(kind, gate.dtype, g[i], u[i]);
        kernels_.round(type, out, y.cols);
    });
    return y;
}

Tensor CpuOps::silu(Tensor x) {
    return each(x, x.dtype, [&](const float* in, float* out, int cols) {
        sums(x.dtype).silu_gate(x.dtype, in, nullptr, out, cols);
    });
}

Tensor CpuOps::gelu(Tensor x) {
    return each(x, x.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = gelu_of(x.dtype, in[i]);
    });
}

Tensor CpuOps::sigmoid(Tensor x) {
    return each(x, x.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = sigmoid_of(x.dtype, in[i]);
    });
}

Tensor CpuOps::softcap(Tensor x, float cap) {
    return each(x, x.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = round_to(x.dtype, std::tanh(round_to(x.dtype, in[i] / cap))) * cap;
        kernels_.round(x.dtype, out, cols);
    });
}

Tensor CpuOps::add(Tensor a, Tensor b) {
    check_same(a, b, "sum");
    Tensor y = make(a.rows, a.cols, promote(a.dtype, b.dtype));
    rows(y.rows, y.cols, [&](int row, int) {
        int64_t at = static_cast<int64_t>(row) * y.cols;
        for (int i = 0; i < y.cols; ++i) data(y)[at + i] = data(a)[at + i] + data(b)[at + i];
        kernels_.round(y.dtype, data(y) + at, y.cols);
    });
    return y;
}

Tensor CpuOps::multiply(Tensor a, Tensor b) {
    if (b.cols != 1) check_same(a, b, "product");
    Tensor y = make(a.rows, a.cols, promote(a.dtype, b.dtype));
    rows(y.rows, y.cols, [&](int row, int) {
        int64_t at = static_cast<int64_t>(row) * y.cols;
        const float* factor = data(b) + (b.cols == 1 ? row : at);
        for (int i = 0; i < y.cols; ++i) data(y)[at + i] = data(a)[at + i] * factor[b.cols == 1 ? 0 : i];
        kernels_.round(y.dtype, data(y) + at, y.cols);
    });
    return y;
}

Tensor CpuOps::multiply(Tensor a, const Vector& b) {
    if (b.count != a.cols && b.count != 1) fail(FM_INTERNAL, "product of ", a.cols, " features with ", b.count);
    DType type = promote(a.dtype, b.dtype);
    const float* factor = floats(b);
    return each(a, type, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = in[i] * factor[b.count == 1 ? 0 : i];
        kernels_.round(type, out, cols);
    });
}

Tensor CpuOps::scale(Tensor a, double factor) {
    float rounded = round_to(a.dtype, static_cast<float>(factor));
    return each(a, a.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = in[i] * rounded;
        kernels_.round(a.dtype, out, cols);
    });
}

Tensor CpuOps::divide(Tensor a, double divisor) {
    float rounded = round_to(a.dtype, static_cast<float>(divisor));
    return each(a, a.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = in[i] / rounded;
        kernels_.round(a.dtype, out, cols);
    });
}

Tensor CpuOps::clip(Tensor a, float bound) {
    return each(a, a.dtype, [&](const float* in, float* out, int cols) {
        for (int i = 0; i < cols; ++i) out[i] = std::clamp(in[i], -bound, bound);
    });
}

Tensor CpuOps::scale_by_position(Tensor a, float beta, int length) {
    Tensor y = make(a.rows, a.cols, a.dtype);
    for (int row = 0; row < a.rows; ++row) {
        int position = layout_.positions(a)[static_cast<size_t>(row)];
        float factor = round_to(a.dtype, 1.f + beta * std::log(1.f + std::floor(static_cast<float>(position) /
                                                                                static_cast<float>(length))));
        int64_t at = static_cast<int64_t>(row) * a.cols;
        for (int i = 0; i < a.cols; ++i) data(y)[at + i] = data(a)[at + i] * factor;
        kernels_.round(y.dtype, data(y) + at, a.cols);
    }
    return y;
}

Tensor CpuOps::cast(Tensor a, DType dtype) {
    return each(a, dtype, [&](const float* in, float* out, int cols) {
        std::copy(in, in + cols, out);
        kernels_.round(dtype, out, cols);
    });
}

Tensor CpuOps::columns(Tensor x, int groups, int first, int count) {
    int width = x.cols / groups;
    if (x.cols % groups != 0 || first < 0 || first + count > width)
        fail(FM_INTERNAL, "features ", first, "+", count, " of ", groups, " groups in ", x.cols);
    Tensor y = make(x.rows, groups * count, x.dtype);
    for (int row = 0; row < x.rows; ++row)
        for (int g = 0; g < groups; ++g)
            std::copy_n(data(x) + static_cast<int64_t>(row) * x.cols + g * width + first, count,
                        data(y) + static_cast<int64_t>(row) * y.cols + g * count);
    return y;
}

Tensor CpuOps::concat(Tensor a, Tensor b, int groups) {
    if (a.rows != b.rows || a.cols % groups != 0 || b.cols % groups != 0) fail(FM_INTERNAL, "concat of unequal shapes");
    int left = a.cols / groups, right = b.cols / groups;
    Tensor y = make(a.rows, a.cols + b.cols, promote(a.dtype, b.dtype));
    for (int row = 0; row < a.rows; ++row)
        for (int g = 0; g < groups; ++g) {
            float* out = data(y) + static_cast<int64_t>(row) * y.cols + g * (left + right);
            std::copy_n(data(a) + static_cast<int64_t>(row) * a.cols + g * left, left, out);
            std::copy_n(data(b) + static_cast<int64_t>(row) * b.cols + g * right, right, out + left);
        }
    return y;
}

}  // namespace fastmlx
