#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/ops.h"
#include "cpu/scalar.h"
#include "engine/failure.h"

namespace fastmlx {
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
    for (const Span& span : layout_.all()) {
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
    for (const Span& span : layout_.all()) {
        float* base = timelines_.recurrent(span.slot, spec.state) + spec.offset;
        rows(spec.v_heads, static_cast<int64_t>(span.count) * spec.v_dim * spec.k_dim * 4, [&](int head, int) {
            float* state = base + static_cast<int64_t>(head) * spec.v_dim * spec.k_dim;  // (v_dim, k_dim)
            float rate = std::exp(a_log[head]);
            for (int t = 0; t < span.count; ++t) {
                int64_t row = span.row + t;
                float decay = std::exp(
                    -rate * softplus_of(rate_type, round_to(rate_type, data(a)[row * a.cols + head] + dt_bias[head])));
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

namespace {

constexpr int kSsmChunk = 256;

// One head of a run of tokens.
struct SsmHead {
    const float *x, *b, *c, *dt;  // of the run's first token, their rows' strides below
    float* y;
    int64_t x_stride, b_stride, c_stride, dt_stride;
    float* state;  // (head_dim, state_dim)
    int head_dim, state_dim, count;
    DType type, product;  // of y, of C·B
    float rate, bias, through, dt_min, dt_max;

    float step(int t) const { return std::clamp(softplus_of(DType::kF32, dt[t * dt_stride] + bias), dt_min, dt_max); }
    void store(int t, int d, float sum) const {
        float skip = round_to(type, x[t * x_stride + d] * through);
        y[t * x_stride + d] = round_to(type, round_to(type, sum) + skip);
    }
};

void scan(const SsmHead& h) {
    for (int t = 0; t < h.count; ++t) {
        float step = h.step(t), decay = std::exp(h.rate * step);
        const float *in = h.b + t * h.b_stride, *read = h.c + t * h.c_stride;
        for (int d = 0; d < h.head_dim; ++d) {
            float* memory = h.state + static_cast<int64_t>(d) * h.state_dim;
            float input = step * h.x[t * h.x_stride + d], sum = 0;
            for (int i = 0; i < h.state_dim; ++i) {
                memory[i] = memory[i] * decay + input * in[i];
                sum += memory[i] * read[i];
            }
            h.store(t, d, sum);
        }
    }
}

// MLX's parallel form of a run of at most kSsmChunk tokens, which rounds every C·B: what a token reads depends on where
// its run began, so only the rounded arithmetic has it.
void scan_parallel(const SsmHead& h) {
    auto count = static_cast<size_t>(h.count);
    std::vector<float> steps(count), decay(count), inputs(count);  // decay: logarithm, from each token to now
    float total = 0;                                               // the same from the run's start
    for (int t = 0; t < h.count; ++t) {
        auto now = static_cast<size_t>(t);
        steps[now] = h.step(t);
        for (size_t s = 0; s < now; ++s) decay[s] += h.rate * steps[now];
        total += h.rate * steps[now];
        const float* read = h.c + t * h.c_stride;
        for (size_t s = 0; s <= now; ++s) {
            const float* in = h.b + static_cast<int64_t>(s) * h.b_stride;
            float product = 0;
            for (int i = 0; i < h.state_dim; ++i) product += read[i] * in[i];
            inputs[s] = round_to(h.product, product) * std::exp(decay[s]);
        }
        for (int d = 0; d < h.head_dim; ++d) {
            const float* memory = h.state + static_cast<int64_t>(d) * h.state_dim;
            float sum = 0, past = 0;
            for (size_t s = 0; s <= now; ++s)
                sum += inputs[s] * (steps[s] * h.x[static_cast<int64_t>(s) * h.x_stride + d]);
            for (int i = 0; i < h.state_dim; ++i) past += memory[i] * read[i];
            h.store(t, d, sum + std::exp(total) * past);
        }
    }
    for (int d = 0; d < h.head_dim; ++d) {
        float* memory = h.state + static_cast<int64_t>(d) * h.state_dim;
        for (int i = 0; i < h.state_dim; ++i) memory[i] *= std::exp(total);
        for (size_t s = 0; s < count; ++s) {
            auto row = static_cast<int64_t>(s);
            float input = steps[s] * h.x[row * h.x_stride + d] * std::exp(decay[s]);
            for (int i = 0; i < h.state_dim; ++i) memory[i] += input * h.b[row * h.b_stride + i];
        }
    }
}

}  // namespace

Tensor CpuOps::ssm(Tensor x, Tensor b, Tensor c, Tensor dt, const SsmSpec& spec) {
    const float* a_log = floats(spec.a_log);
    const float* dt_bias = floats(spec.dt_bias);
    const float* skip = floats(spec.d);
    int ratio = spec.heads / spec.groups;
    Tensor y = make(x.rows, x.cols, x.dtype);
    for (const Span& span : layout_.all()) {
        float* base = timelines_.recurrent(span.slot, spec.state) + spec.offset;
        rows(spec.heads, static_cast<int64_t>(span.count) * spec.head_dim * spec.state_dim * 4, [&](int head, int) {
            bool parallel = rounded_ && promote(b.dtype, c.dtype) != DType::kF32;
            int most = parallel ? kSsmChunk : span.count;
            for (int start = 0; start < span.count; start += most) {
                int64_t row = span.row + start, own = static_cast<int64_t>(head) * spec.head_dim,
                        shared = static_cast<int64_t>(head / ratio) * spec.state_dim;
                SsmHead h{data(x) + row * x.cols + own,
                          data(b) + row * b.cols + shared,
                          data(c) + row * c.cols + shared,
                          data(dt) + row * dt.cols + head,
                          data(y) + row * y.cols + own,
                          x.cols,
                          b.cols,
                          c.cols,
                          dt.cols,
                          base + own * spec.state_dim,
                          spec.head_dim,
                          spec.state_dim,
                          std::min(most, span.count - start),
                          y.dtype,
                          promote(b.dtype, c.dtype),
                          -round_to(spec.a_log.dtype, std::exp(a_log[head])),
                          dt_bias[head],
                          round_to(x.dtype, skip[head]),
                          spec.dt_min,
                          spec.dt_max};
                parallel ? scan_parallel(h) : scan(h);
            }
        });
    }
    return y;
}

}  // namespace fastmlx
