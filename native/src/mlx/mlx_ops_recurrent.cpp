#include <algorithm>

#include "engine/failure.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

constexpr int kScanChunk = 256;  // tokens that Mamba's parallel form takes at once
constexpr int kDeltaChunk = 32;  // that DeltaNet's does: a power of two
constexpr int kDeltaFrom = 8;    // fewer go one by one

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

namespace {

struct Delta {  // (1, tokens, heads, …): features, or one number; rates: logarithms of what a token leaves of the
                // memory
    mx::array queries, keys, values, rates, beta, memory;  // memory: (1, heads, v_dim, k_dim), float32
};

// Gives (1, tokens, heads, v_dim), float32, and moves the memory on.
mx::array delta_steps(Delta& d) {
    int tokens = d.keys.shape(1);
    mx::array decay = mx::exp(d.rates);
    std::vector<mx::array> out;
    for (int t = 0; t < tokens; ++t) {
        auto now = [&](const mx::array& all) { return mx::squeeze(tokens_of(all, t, t + 1), 1); };
        mx::array key = mx::expand_dims(now(d.keys), 2), query = mx::expand_dims(now(d.queries), 2);
        d.memory = mx::multiply(d.memory, mx::expand_dims(now(decay), 3));
        mx::array seen = mx::sum(mx::multiply(d.memory, key), -1);
        mx::array delta = mx::multiply(mx::subtract(now(d.values), seen), now(d.beta));
        d.memory = mx::add(d.memory, mx::multiply(key, mx::expand_dims(delta, 3)));
        out.push_back(mx::expand_dims(mx::sum(mx::multiply(d.memory, query), -1), 1));
    }
    return out.size() == 1 ? out[0] : mx::concatenate(std::move(out), 1);
}

// (1 + lower)⁻¹ of matrices (count, size, size) with nothing on and above the diagonal; size is a power of two. Blocks
// on the diagonal are inverted two by two: [[a, 0], [c, b]]⁻¹ = [[a⁻¹, 0], [-b⁻¹·c·a⁻¹, b⁻¹]].
mx::array inverse_of(const mx::array& lower) {
    int count = lower.shape(0), size = lower.shape(1);
    mx::array inverse = mx::ones({count, size, 1, 1}, lower.dtype());  // (count, blocks, half, half)
    for (int half = 1; half < size; half *= 2) {
        int blocks = size / (2 * half);
        mx::array corner = mx::slice(mx::reshape(lower, {count, blocks, 2 * half, blocks, 2 * half}),
                                     {0, 0, half, 0, 0}, {count, blocks, 2 * half, blocks, half});
        corner = mx::transpose(mx::diagonal(corner, 0, 1, 3), {0, 3, 1, 2});
        mx::array pairs = mx::reshape(inverse, {count, blocks, 2, half, half});
        auto part = [&](int i) {
            return mx::squeeze(mx::slice(pairs, {0, 0, i, 0, 0}, {count, blocks, i + 1, half, half}), 2);
        };
        mx::array first = part(0), second = part(1);
        corner = mx::negative(mx::matmul(mx::matmul(second, corner), first));
        inverse = mx::concatenate(
            {mx::concatenate({first, mx::zeros_like(first)}, -1), mx::concatenate({corner, second}, -1)}, -2);
    }
    return mx::reshape(inverse, {count, size, size});
}

// DeltaNet in chunks (Yang et al. 2024): what each token of a chunk writes follows from one triangular system, so that
// only chunks go one after the other. Gives what delta_steps gives.
mx::array delta_chunks(Delta& d) {
    int tokens = d.keys.shape(1), heads = d.keys.shape(2), chunks = (tokens + kDeltaChunk - 1) / kDeltaChunk;
    int missing = chunks * kDeltaChunk - tokens;  // filled with zeros, which leave the memory as it is
    auto dealt = [&](const mx::array& all) {      // (heads, chunks, tokens of a chunk, …)
        mx::array rows = mx::astype(mx::squeeze(all, 0), mx::float32);
        if (missing > 0) rows = mx::pad(rows, {{0, missing}, {0, 0}, {0, 0}});
        return mx::transpose(mx::reshape(rows, {chunks, kDeltaChunk, heads, rows.shape(2)}), {2, 0, 1, 3});
    };
    mx::array keys = dealt(d.keys), queries = dealt(d.queries), values = dealt(d.values), beta = dealt(d.beta);
    mx::array rates = mx::squeeze(dealt(d.rates), 3), turned = mx::swapaxes(keys, 2, 3);
    mx::array decay = mx::tril(mx::exp(decay_between(rates)), 0);
    mx::array since = mx::expand_dims(mx::exp(mx::cumsum(rates, 2)), 3);
    mx::array lower = mx::tril(mx::multiply(mx::multiply(mx::matmul(keys, turned), decay), beta), -1);
    mx::array solved = mx::reshape(inverse_of(mx::reshape(lower, {heads * chunks, kDeltaChunk, kDeltaChunk})),
                                   {heads, chunks, kDeltaChunk, kDeltaChunk});
    mx::array fresh = mx::matmul(solved, mx::multiply(beta, values));
    mx::array seen = mx::matmul(solved, mx::multiply(mx::multiply(beta, since), keys));
    mx::array within = mx::multiply(mx::matmul(queries, turned), decay), before = mx::multiply(since, queries);
    auto last = [&](const mx::array& all) {
        return mx::slice(all, {0, 0, kDeltaChunk - 1, 0}, {heads, chunks, kDeltaChunk, all.shape(3)});
    };
    mx::array kept = mx::multiply(keys, mx::swapaxes(last(decay), 2, 3)), total = last(since);
    mx::array memory = mx::squeeze(d.memory, 0);
    std::vector<mx::array> out;
    for (int i = 0; i < chunks; ++i) {
        auto now = [&](const mx::array& all) {
            return mx::squeeze(mx::slice(all, {0, i, 0, 0}, {heads, i + 1, all.shape(2), all.shape(3)}), 1);
        };
        mx::array past = mx::swapaxes(memory, 1, 2);
        mx::array delta = mx::subtract(now(fresh), mx::matmul(now(seen), past));
        out.push_back(mx::add(mx::matmul(now(before), past), mx::matmul(now(within), delta)));
        memory = mx::add(mx::multiply(now(total), memory), mx::matmul(mx::swapaxes(delta, 1, 2), now(kept)));
    }
    d.memory = mx::expand_dims(memory, 0);
    mx::array y = out.size() == 1 ? out[0] : mx::concatenate(std::move(out), 1);
    return tokens_of(mx::expand_dims(mx::swapaxes(y, 0, 1), 0), 0, tokens);
}

}  // namespace

Tensor MlxOps::gated_delta(Tensor q, Tensor k, Tensor v, Tensor a, Tensor b, const DeltaSpec& spec) {
    int ratio = spec.v_heads / spec.k_heads;
    mx::array rate = mx::exp(mx::astype(parameters_.vector(spec.a_log), mx::float32));
    std::vector<mx::array> spans;
    for (const Span& span : layout_.all()) {
        mx::array steps = softplus(mx::add(span_rows(a, spec.v_heads, span),
                                           mx::reshape(parameters_.vector(spec.dt_bias), {spec.v_heads, 1})));
        mx::array rates = mx::negative(mx::multiply(mx::reshape(rate, {spec.v_heads, 1}), steps));
        mx::array beta = mx::sigmoid(span_rows(b, spec.v_heads, span));  // (1, tokens, v_heads, 1), as rates
        mx::array keys = span_rows(k, spec.k_heads, span), queries = span_rows(q, spec.k_heads, span);
        mx::array values = span_rows(v, spec.v_heads, span);
        if (ratio > 1) {
            keys = mx::repeat(keys, ratio, 2);
            queries = mx::repeat(queries, ratio, 2);
        }
        mx::array memory = timelines_.recurrent(span.slot, spec.state, spec.offset,
                                                {1, spec.v_heads, spec.v_dim, spec.k_dim}, mx::float32);
        Delta delta{queries, keys, values, rates, beta, memory};
        mx::array y = span.count < kDeltaFrom ? delta_steps(delta) : delta_chunks(delta);
        timelines_.set_recurrent(span.slot, spec.state, spec.offset, delta.memory);
        spans.push_back(mx::astype(y, queries.dtype()));
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
