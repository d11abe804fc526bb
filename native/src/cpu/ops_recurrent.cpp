#include <algorithm>
#include <cmath>

#include "cpu/ops.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

// log(exp(x) + 1) in MLX's form and roundings.
float softplus(DType t, float x) {
    float high = std::max(x, 0.f), low = std::min(x, 0.f);
    float power = round_to(t, std::exp(round_to(t, low - high)));
    return round_to(t, high + round_to(t, std::log1p(power)));
}

float sigmoid_of(DType t, float x) {
    float y = 1.f / (1.f + round_to(t, std::exp(std::fabs(x))));
    return round_to(t, x < 0 ? y : 1.f - y);
}

}  // namespace

// The state holds the last kernel-1 inputs of every channel, oldest first: (kernel - 1, channels).
Tensor CpuOps::conv1d(Tensor x, const ConvSpec& spec) {
    int channels = x.cols, past = spec.kernel - 1;
    if (spec.weight.rows != channels || spec.weight.cols != spec.kernel)
        fail(FM_INTERNAL, spec.weight.name, " does not fit");
    float* taps = arena_.floats(static_cast<int64_t>(channels) * spec.kernel);
    for (int c = 0; c < channels; ++c)
        kernels_.dequantise(spec.weight.storage, spec.weight.bits, spec.weight.group, spec.weight.dtype,
                            spec.weight.row(0, c), spec.kernel, taps + static_cast<int64_t>(c) * spec.kernel);
    const float* bias = floats(spec.bias);
    DType type = promote(x.dtype, spec.weight.dtype);
    Tensor y = make(x.rows, channels, type);
    for (const Span& span : spans_) {
        float* history = timelines_.recurrent(span.slot, spec.state);
        auto input = [&](int token, int c) {  // tokens before the span have negative numbers
            return token < 0 ? history[static_cast<int64_t>(token + past) * channels + c]
                             : data(x)[static_cast<int64_t>(span.row + token) * channels + c];
        };
        for (int t = 0; t < span.count; ++t) {
            float* out = data(y) + static_cast<int64_t>(span.row + t) * channels;
            for (int c = 0; c < channels; ++c) {
                float sum = 0;
                for (int k = 0; k < spec.kernel; ++k) sum += input(t - past + k, c) * taps[c * spec.kernel + k];
                sum = round_to(type, sum);
                if (bias != nullptr) sum = round_to(type, sum + bias[c]);
                out[c] = spec.silu ? round_to(type, sum * sigmoid_of(type, sum)) : sum;
            }
        }
        for (int p = 0; p < past; ++p)  // rising p reads only what is not yet overwritten
            for (int c = 0; c < channels; ++c)
                history[static_cast<int64_t>(p) * channels + c] = input(span.count - past + p, c);
    }
    return y;
}

Tensor CpuOps::gated_delta(Tensor q, Tensor k, Tensor v, Tensor a, Tensor b, const DeltaSpec& spec) {
    int ratio = spec.v_heads / spec.k_heads;
    const float* a_log = floats(spec.a_log);
    const float* dt_bias = floats(spec.dt_bias);
    DType rate_type = promote(a.dtype, spec.dt_bias.dtype);
    Tensor y = make(v.rows, v.cols, q.dtype);
    for (const Span& span : spans_) {
        float* base = timelines_.recurrent(span.slot, spec.state) + spec.offset;
        rows(spec.v_heads, static_cast<int64_t>(span.count) * spec.v_dim * spec.k_dim * 4, [&](int head, int) {
            float* state = base + static_cast<int64_t>(head) * spec.v_dim * spec.k_dim;  // (v_dim, k_dim)
            float rate = std::exp(a_log[head]);
            for (int t = 0; t < span.count; ++t) {
                int64_t row = span.row + t;
                float decay = std::exp(
                    -rate * softplus(rate_type, round_to(rate_type, data(a)[row * a.cols + head] + dt_bias[head])));
                float beta = sigmoid_of(b.dtype, data(b)[row * b.cols + head]);
                const float* key = data(k) + row * k.cols + static_cast<int64_t>(head / ratio) * spec.k_dim;
                const float* query = data(q) + row * q.cols + static_cast<int64_t>(head / ratio) * spec.k_dim;
                const float* value = data(v) + row * v.cols + static_cast<int64_t>(head) * spec.v_dim;
                float* out = data(y) + row * y.cols + static_cast<int64_t>(head) * spec.v_dim;
                for (int d = 0; d < spec.v_dim; ++d) {
                    float* memory = state + static_cast<int64_t>(d) * spec.k_dim;
                    float seen = 0, read = 0;
                    for (int i = 0; i < spec.k_dim; ++i) seen += (memory[i] *= decay) * key[i];
                    float delta = (value[d] - seen) * beta;
                    for (int i = 0; i < spec.k_dim; ++i) read += (memory[i] += delta * key[i]) * query[i];
                    out[d] = round_to(y.dtype, read);
                }
            }
        });
    }
    return y;
}

Tensor CpuOps::ssm(Tensor x, Tensor b, Tensor c, Tensor dt, const SsmSpec& spec) {
    const float* a_log = floats(spec.a_log);
    const float* dt_bias = floats(spec.dt_bias);
    const float* skip = floats(spec.d);
    DType step_type = promote(dt.dtype, spec.dt_bias.dtype);
    int ratio = spec.heads / spec.groups;
    Tensor y = make(x.rows, x.cols, x.dtype);
    for (const Span& span : spans_) {
        float* base = timelines_.recurrent(span.slot, spec.state) + spec.offset;
        rows(spec.heads, static_cast<int64_t>(span.count) * spec.head_dim * spec.state_dim * 4, [&](int head, int) {
            float* state = base + static_cast<int64_t>(head) * spec.head_dim * spec.state_dim;  // (head_dim, state_dim)
            float rate = -std::exp(a_log[head]);
            for (int t = 0; t < span.count; ++t) {
                int64_t row = span.row + t;
                float step =
                    std::clamp(softplus(step_type, round_to(step_type, data(dt)[row * dt.cols + head] + dt_bias[head])),
                               spec.dt_min, spec.dt_max);
                float decay = std::exp(rate * step);
                const float* in = data(b) + row * b.cols + static_cast<int64_t>(head / ratio) * spec.state_dim;
                const float* read = data(c) + row * c.cols + static_cast<int64_t>(head / ratio) * spec.state_dim;
                const float* value = data(x) + row * x.cols + static_cast<int64_t>(head) * spec.head_dim;
                float* out = data(y) + row * y.cols + static_cast<int64_t>(head) * spec.head_dim;
                for (int d = 0; d < spec.head_dim; ++d) {
                    float* memory = state + static_cast<int64_t>(d) * spec.state_dim;
                    float sum = 0;
                    for (int i = 0; i < spec.state_dim; ++i) {
                        memory[i] = memory[i] * decay + step * value[d] * in[i];
                        sum += memory[i] * read[i];
                    }
                    out[d] = round_to(y.dtype, sum + skip[head] * value[d]);
                }
            }
        });
    }
    return y;
}

}  // namespace fastmlx
