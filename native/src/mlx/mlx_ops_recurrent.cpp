#include <algorithm>

#include "engine/failure.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

constexpr int kScanChunk = 256;  // tokens that Mamba's parallel form takes at once

mx::array softplus(const mx::array& x) { return mx::logaddexp(x, scalar(0, x.dtype())); }

mx::array tokens_of(const mx::array& a, int from, int to) {  // a: (1, tokens, …)
    mx::Shape start(a.ndim(), 0), stop = a.shape();
    start[1] = from;
    stop[1] = to;
    return mx::slice(a, start, stop);
}

// The logarithm of what is left at token t of what came in at token s: the sum of `rates` over (s, t]. (…, tokens)
mx::array decay_between(const mx::array& rates) {
    int count = rates.shape(-1);
    mx::array square = mx::repeat(mx::expand_dims(rates, -1), count, -1);
    return mx::cumsum(mx::tril(square, -1), -2);
}

}  // namespace

// The state holds the last kernel-1 inputs of every channel, oldest first: (1, kernel - 1, channels).
Tensor MlxOps::conv1d(Tensor x, const ConvSpec& spec) {
    int channels = x.cols, past = spec.kernel - 1;
    bool fits =
        spec.weight.rows == channels && spec.weight.cols == spec.kernel && spec.weight.storage == Storage::kDense;
    if (!fits) fail(FM_INTERNAL, spec.weight.name, " does not fit");
    mx::array taps = mx::reshape(parameters_.matrix(spec.weight).data, {channels, spec.kernel, 1});
    std::vector<mx::array> spans;
    for (const Span& span : layout_.all()) {
        mx::array in = mx::reshape(span_rows(x, 1, span), {1, span.count, channels});
        mx::array history = timelines_.recurrent(span.slot, spec.state, 0, {1, past, channels}, in.dtype());
        mx::array all = mx::concatenate({history, in}, 1);
        timelines_.set_recurrent(span.slot, spec.state, 0,
                                 mx::contiguous(tokens_of(all, span.count, span.count + past)));
        mx::array y = mx::conv1d(all, taps, 1, 0, 1, channels);
        if (spec.bias) y = mx::add(y, parameters_.vector(spec.bias));
        spans.push_back(spec.silu ? mx::multiply(y, mx::sigmoid(y)) : y);
    }
    return join(std::move(spans), false);
}

Tensor MlxOps::gated_delta(Tensor q, Tensor k, Tensor v, Tensor a, Tensor b, const DeltaSpec& spec) {
    int ratio = spec.v_heads / spec.k_heads;
    mx::array rate = mx::exp(mx::astype(parameters_.vector(spec.a_log), mx::float32));
    std::vector<mx::array> spans;
    for (const Span& span : layout_.all()) {
        mx::array steps = softplus(mx::add(span_rows(a, spec.v_heads, span),
                                           mx::reshape(parameters_.vector(spec.dt_bias), {spec.v_heads, 1})));
        mx::array decay = mx::exp(mx::negative(mx::multiply(mx::reshape(rate, {spec.v_heads, 1}), steps)));
        mx::array beta = mx::sigmoid(span_rows(b, spec.v_heads, span));  // (1, tokens, v_heads, 1), as decay
        mx::array keys = span_rows(k, spec.k_heads, span), queries = span_rows(q, spec.k_heads, span);
        mx::array values = span_rows(v, spec.v_heads, span);
        if (ratio > 1) {
            keys = mx::repeat(keys, ratio, 2);
            queries = mx::repeat(queries, ratio, 2);
        }
        mx::array memory = timelines_.recurrent(span.slot, spec.state, spec.offset,
                                                {1, spec.v_heads, spec.v_dim, spec.k_dim}, mx::float32);
        std::vector<mx::array> out;
        for (int t = 0; t < span.count; ++t) {
            auto now = [&](const mx::array& all) { return mx::squeeze(tokens_of(all, t, t + 1), 1); };
            mx::array key = mx::expand_dims(now(keys), 2), query = mx::expand_dims(now(queries), 2);
            memory = mx::multiply(memory, mx::expand_dims(now(decay), 3));
            mx::array seen = mx::sum(mx::multiply(memory, key), -1);
            mx::array delta = mx::multiply(mx::subtract(now(values), seen), now(beta));
            memory = mx::add(memory, mx::multiply(key, mx::expand_dims(delta, 3)));
            mx::array read = mx::sum(mx::multiply(memory, query), -1);
            out.push_back(mx::expand_dims(mx::astype(read, queries.dtype()), 1));
        }
        timelines_.set_recurrent(span.slot, spec.state, spec.offset, memory);
        spans.push_back(out.size() == 1 ? out[0] : mx::concatenate(std::move(out), 1));
    }
    return join(std::move(spans), false);
}

namespace {

struct Scan {  // x · dt: (1, tokens, heads, head_dim), rates: (1, tokens, heads), b and c: (1, tokens, groups, state)
    mx::array input, rates, b, c, memory;  // memory: (1, heads, head_dim, state)
};

// A run of tokens in Mamba's parallel form: what came in within the run, weighed by what is left of it, plus what the
// memory held. Gives (1, tokens, heads, head_dim) and moves the memory on.
mx::array scan(Scan& s) {
    int tokens = s.input.shape(1), heads = s.input.shape(2), width = s.input.shape(3);
    int groups = s.b.shape(2), depth = s.b.shape(3), ratio = heads / groups;
    mx::array keys = mx::transpose(s.b, {0, 2, 3, 1});
    mx::array products = mx::repeat(mx::matmul(mx::swapaxes(s.c, 1, 2), keys), ratio, 1);
    mx::array decay = mx::exp(decay_between(mx::swapaxes(s.rates, 1, 2)));
    mx::array y =
        mx::swapaxes(mx::matmul(mx::tril(mx::multiply(products, decay), 0), mx::swapaxes(s.input, 1, 2)), 1, 2);
    mx::array left = mx::slice(decay, {0, 0, tokens - 1, 0}, {1, heads, tokens, tokens});
    mx::array kept = mx::multiply(s.input, mx::transpose(left, {0, 3, 1, 2}));
    mx::array next = mx::matmul(mx::transpose(kept, {0, 2, 3, 1}), mx::swapaxes(mx::repeat(keys, ratio, 1), 2, 3));
    mx::array since = mx::exp(mx::cumsum(s.rates, 1));
    mx::array total = mx::reshape(tokens_of(since, tokens - 1, tokens), {1, heads, 1, 1});
    mx::array past = mx::matmul(mx::reshape(s.memory, {1, 1, groups, ratio, width, depth}),
                                mx::reshape(s.c, {1, tokens, groups, 1, depth, 1}));
    past = mx::reshape(past, {1, tokens, heads, width});
    s.memory = mx::add(next, mx::multiply(total, s.memory));
    return mx::add(y, mx::multiply(mx::expand_dims(since, -1), past));
}

}  // namespace

Tensor MlxOps::ssm(Tensor x, Tensor b, Tensor c, Tensor dt, const SsmSpec& spec) {
    mx::array rate = mx::negative(mx::astype(mx::exp(parameters_.vector(spec.a_log)), mx::float32));
    std::vector<mx::array> spans;
    for (const Span& span : layout_.all()) {
        mx::array in = span_rows(x, spec.heads, span);
        mx::array steps = mx::astype(mx::reshape(span_rows(dt, 1, span), {1, span.count, spec.heads}), mx::float32);
        steps = mx::clip(softplus(mx::add(steps, parameters_.vector(spec.dt_bias))), mx::array(spec.dt_min),
                         mx::array(spec.dt_max));
        mx::array rates = mx::multiply(steps, rate), input = mx::multiply(mx::expand_dims(steps, -1), in);
        mx::array bs = span_rows(b, spec.groups, span), cs = span_rows(c, spec.groups, span);
        mx::array memory = timelines_.recurrent(span.slot, spec.state, spec.offset,
                                                {1, spec.heads, spec.head_dim, spec.state_dim}, mx::float32);
        std::vector<mx::array> out;
        for (int from = 0; from < span.count; from += kScanChunk) {
            int to = std::min(span.count, from + kScanChunk);
            Scan run{tokens_of(input, from, to), tokens_of(rates, from, to), tokens_of(bs, from, to),
                     tokens_of(cs, from, to), memory};
            out.push_back(mx::astype(scan(run), in.dtype()));
            memory = run.memory;
        }
        timelines_.set_recurrent(span.slot, spec.state, spec.offset, memory);
        mx::array y = out.size() == 1 ? out[0] : mx::concatenate(std::move(out), 1);
        mx::array skip = mx::reshape(mx::astype(parameters_.vector(spec.d), in.dtype()), {spec.heads, 1});
        spans.push_back(mx::add(y, mx::multiply(in, skip)));
    }
    return join(std::move(spans), false);
}

}  // namespace fastmlx
