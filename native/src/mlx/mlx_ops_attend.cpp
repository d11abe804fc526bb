#include <algorithm>
#include <cmath>

#include "engine/failure.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {

// Dynamic NTK past its limit: every position has its own wavelengths, so cosines and sines come from here.
mx::array MlxOps::turn_by_table(const mx::array& x, const Rope& rope, const std::vector<int32_t>& positions) {
    int half = rope.dims / 2, rows = static_cast<int>(positions.size()), width = x.shape(-1);
    std::vector<float> angles;
    for (int32_t position : positions) {
        double shrink = 1, step = 1;
        if (position >= rope.dynamic_max) {
            double f = rope.dynamic_factor, length = position + 1;
            double base =
                std::pow(f * length / rope.dynamic_max - (f - 1), static_cast<double>(rope.dims) / (rope.dims - 2));
            shrink = std::pow(base, -2.0 / rope.dims);
        }
        for (int i = 0; i < half; ++i, step *= shrink)
            angles.push_back(static_cast<float>(position) * rope.position_scale *
                             static_cast<float>(rope.inverse[static_cast<size_t>(i)] * step));
    }
    mx::array angle = mx::array(angles.data(), {rows, 1, half}, mx::float32);
    mx::array c = mx::astype(mx::cos(angle), x.dtype()), s = mx::astype(mx::sin(angle), x.dtype());
    int heads = x.shape(1), stride = rope.interleaved ? 2 : 1;
    mx::array a = mx::slice(x, {0, 0, 0}, {rows, heads, rope.interleaved ? rope.dims : half}, {1, 1, stride});
    mx::array b = mx::slice(x, {0, 0, rope.interleaved ? 1 : half}, {rows, heads, rope.dims}, {1, 1, stride});
    mx::array left = mx::subtract(mx::multiply(a, c), mx::multiply(b, s));
    mx::array right = mx::add(mx::multiply(a, s), mx::multiply(b, c));
    mx::array turned = rope.interleaved ? mx::reshape(mx::stack({left, right}, -1), {rows, heads, rope.dims})
                                        : mx::concatenate({left, right}, 2);
    if (rope.dims == width) return turned;
    return mx::concatenate({turned, mx::slice(x, {0, 0, rope.dims}, x.shape())}, 2);
}

Tensor MlxOps::rope(Tensor x, int head_dim, const Rope& rope) {
    if (rope.dims == 0) return x;
    if (x.cols % head_dim != 0 || rope.dims > head_dim || rope.inverse.size() != static_cast<size_t>(rope.dims / 2))
        fail(FM_INTERNAL, "rope over ", rope.dims, " of ", head_dim, " features");
    int count = x.cols / head_dim;
    const std::vector<Span>& spans = layout_.spans(x);
    bool single = spans.size() == 1;  // else every row is a batch of its own, with its own position
    const std::vector<int32_t>& all = layout_.positions(x);
    bool dynamic = rope.dynamic_factor > 0 && *std::max_element(all.begin(), all.end()) >= rope.dynamic_max;
    mx::array in = single && !dynamic ? heads(x, count) : grouped(x, count);
    if (!single && !dynamic) in = mx::expand_dims(in, 2);
    if (rope.magnitude != 1) {
        mx::Shape zero(in.ndim(), 0), part = in.shape();
        part.back() = rope.dims;
        mx::array front = mx::multiply(scalar(rope.magnitude, in.dtype()), mx::slice(in, zero, part));
        zero.back() = rope.dims;
        in = rope.dims == head_dim ? front : mx::concatenate({front, mx::slice(in, zero, in.shape())}, -1);
    }
    if (dynamic) return like(x, turn_by_table(in, rope, all));
    std::optional<float> base;
    std::optional<mx::array> wavelengths;
    if (rope.base > 0)
        base = rope.base;
    else
        wavelengths = parameters_.wavelengths(rope);
    if (single)
        return make_heads(
            mx::fast::rope(in, rope.dims, rope.interleaved, base, rope.position_scale, spans[0].first, wavelengths));
    return like(x,
                mx::fast::rope(in, rope.dims, rope.interleaved, base, rope.position_scale, positions(x), wavelengths));
}

mx::array MlxOps::window_mask(int queries, int keys, int window) {
    for (const Mask& known : masks_)
        if (known.queries == queries && known.keys == keys && known.window == window) return known.value;
    mx::array query = mx::expand_dims(mx::arange(keys - queries, keys, mx::int32), 1);
    mx::array key = mx::expand_dims(mx::arange(0, keys, mx::int32), 0);
    mx::array mask = mx::greater_equal(query, key);
    if (window > 0) mask = mx::logical_and(mask, mx::less(query, mx::add(key, mx::array(window, mx::int32))));
    masks_.push_back({queries, keys, window, mask});
    return mask;
}

mx::array MlxOps::attend_span(const mx::array& q, const MlxTimelines::View& view, const AttendSpec& spec, int count) {
    int keys = view.keys.shape(2);
    std::optional<mx::array> sinks, mask;
    if (spec.sinks) sinks = mx::astype(parameters_.vector(spec.sinks), q.dtype());
    bool cut = spec.window > 0 && keys > spec.window;  // more keys than one query sees: then several queries
    if (count > 1 && cut) mask = window_mask(count, keys, spec.window);
    return mx::fast::scaled_dot_product_attention(q, view.keys, view.values, spec.scale,
                                                  count > 1 && !cut ? "causal" : "", mask, sinks);
}

Tensor MlxOps::attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) {
    const StateSpec& state = timelines_.spec(spec.state);
    if (q.cols != spec.heads * state.k_dim || spec.heads % state.heads != 0)
        fail(FM_INTERNAL, "attention of ", spec.heads, " heads over ", state.heads, " gets ", q.cols, " features");
    std::vector<mx::array> spans;
    if (k)
        for (const Span& span : layout_.all())
            timelines_.append(span.slot, spec.state, heads(k, state.heads, span), heads(v, state.heads, span));
    for (const Span& span : layout_.spans(q)) {
        MlxTimelines::View view = timelines_.view(span.slot, spec.state, spec.window, span.first, span.count);
        spans.push_back(attend_span(heads(q, spec.heads, span), view, spec, span.count));
    }
    return join(std::move(spans), true);
}

// One query works in the latent space, so that past keys and values need not be expanded; several are cheaper expanded.
mx::array MlxOps::latent_span(const Span& span, Tensor q, Tensor turned_q, const LatentSpec& spec) {
    MlxTimelines::View past = timelines_.view(span.slot, spec.state, 0, span.first, span.count);
    mx::array turned = heads(turned_q, spec.heads, span), queries = heads(q, spec.heads, span);
    mx::array scores =
        mx::matmul(mx::multiply(turned, scalar(spec.scale, turned.dtype())), mx::swapaxes(past.values, -1, -2));
    const Matrix& embed = parameters_.matrix(spec.embed_q, true);
    const Matrix& unembed = parameters_.matrix(spec.unembed_out, true);
    auto mix = [&](const mx::array& from, const mx::array& keys, const mx::array& values) {
        return mx::fast::scaled_dot_product_attention(from, keys, values, spec.scale, "",
                                                      mx::astype(scores, from.dtype()));
    };
    if (span.count == 1) return unembed.multiply(mix(embed.multiply(queries), past.keys, past.keys));
    mx::array mask = window_mask(span.count, past.keys.shape(2), 0);
    scores = mx::where(mask, scores, mx::array(mx::finfo(scores.dtype()).min, scores.dtype()));
    return mix(queries, embed.multiply(past.keys, false), unembed.multiply(past.keys));
}

Tensor MlxOps::attend_latent(Tensor q, Tensor turned_q, Tensor latent, Tensor turned_k, const LatentSpec& spec) {
    std::vector<mx::array> spans;
    for (const Span& span : layout_.all())
        timelines_.append(span.slot, spec.state, heads(latent, 1, span), heads(turned_k, 1, span));
    for (const Span& span : layout_.spans(q)) spans.push_back(latent_span(span, q, turned_q, spec));
    return join(std::move(spans), true);
}

}  // namespace fastmlx
