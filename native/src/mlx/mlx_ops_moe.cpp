#include "engine/failure.h"
#include "mlx/group.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

constexpr int kSortFrom = 64;  // pairs of token and expert, from which on it pays to bring them in the experts' order

mx::array last_columns(const mx::array& a, int from, int to) {
    mx::Shape start(a.ndim(), 0), stop = a.shape();
    start.back() = from;
    stop.back() = to;
    return mx::slice(a, start, stop);
}

// Zeroes the scores of all but the best groups. choice: (rows, experts)
mx::array limit_groups(const mx::array& choice, const RouterSpec& spec) {
    int rows = choice.shape(0), size = choice.shape(1) / spec.groups, out = spec.groups - spec.top_groups;
    mx::array groups = mx::reshape(choice, {rows, spec.groups, size});
    if (out == 0) return choice;
    mx::array rank =
        spec.group_max || size == 1 ? mx::max(groups, -1, true) : mx::sum(mx::topk(groups, 2, -1), -1, true);
    mx::array worst = mx::slice(mx::argpartition(rank, out - 1, 1), {0, 0, 0}, {rows, out, 1});
    mx::array all = mx::broadcast_to(worst, {rows, out, size});
    return mx::reshape(mx::put_along_axis(groups, all, scalar(0, groups.dtype()), 1), {rows, choice.shape(1)});
}

// The best k in the order that MLX's partition leaves them in.
mx::array choose(const mx::array& choice, const RouterSpec& spec) {
    int experts = choice.shape(1), k = spec.top_k;
    if (spec.negated) return last_columns(mx::argpartition(mx::negative(choice), k - 1, -1), 0, k);
    return last_columns(mx::argpartition(choice, experts - k, -1), experts - k, experts);
}

}  // namespace

Routing MlxOps::route(Tensor logits, const RouterSpec& spec) {
    if (spec.top_k < 1 || spec.top_k > logits.cols || logits.cols % spec.groups != 0)
        fail(FM_INTERNAL, "router of ", logits.cols, " experts takes ", spec.top_k, " in ", spec.groups, " groups");
    mx::array scores = array(logits);
    if (spec.kind == RouterSpec::Kind::kSoftmaxTopK) scores = mx::softmax(scores, -1, true);
    if (spec.kind == RouterSpec::Kind::kSigmoid) scores = mx::sigmoid(mx::astype(scores, mx::float32));
    mx::array choice = spec.bias ? mx::add(scores, parameters_.vector(spec.bias)) : scores;
    if (spec.groups > 1) choice = limit_groups(choice, spec);
    mx::array chosen = choose(choice, spec);
    mx::array weights = mx::take_along_axis(scores, chosen, -1);
    if (spec.kind == RouterSpec::Kind::kTopKSoftmax) weights = mx::softmax(weights, -1, spec.precise);
    auto number = [&](double value) { return scalar(value, weights.dtype()); };
    if (spec.normalise) {
        mx::array sum = mx::sum(weights, -1, true);
        if (spec.epsilon != 0) sum = mx::add(sum, number(spec.epsilon));
        weights = mx::divide(weights, sum);
    }
    if (spec.scale != 1) weights = mx::multiply(weights, number(spec.scale));
    if (spec.expert_scale) weights = mx::multiply(weights, mx::take(parameters_.vector(spec.expert_scale), chosen, 0));
    if (spec.cast) weights = mx::astype(weights, to_mlx(spec.cast_to));
    nodes_.push_back({chosen, false});
    void* experts = &nodes_.back();
    DType dtype = from_mlx(weights.dtype());
    nodes_.push_back({weights, false});
    return {experts, &nodes_.back(), logits.rows, spec.top_k, dtype};
}

mx::array MlxOps::expert_linear(const mx::array& x, const mx::array& experts, bool sorted, const Linear& linear) {
    const Weight& weight = linear.weight;
    if (x.shape(-1) != weight.cols)
        fail(FM_INTERNAL, weight.name, " takes ", weight.cols, " features, not ", x.shape(-1));
    mx::array y = parameters_.matrix(weight, true).gather(x, experts, sorted);
    // Of partial products the first member's have the bias: it is to be added once.
    if (!linear.bias || (weight.partial && group_->rank() > 0)) return y;
    mx::array table = mx::reshape(parameters_.vector(linear.bias), {weight.experts, weight.rows});
    return mx::add(y, mx::expand_dims(mx::take(table, experts, 0), -2));
}

Tensor MlxOps::experts(Tensor x, const Routing& routing, const ExpertWeights& weights) {
    mx::array chosen = value(routing.experts);
    mx::array shares = value(routing.weights);
    int pairs = routing.rows * routing.top_k;
    bool sorted = pairs >= kSortFrom;
    mx::array in = mx::reshape(array(x), {x.rows, 1, 1, x.cols}), ids = chosen, order = chosen;
    if (sorted) {
        mx::array flat = mx::reshape(chosen, {pairs});
        order = mx::argsort(flat);
        ids = mx::take(flat, order, 0);
        mx::array token = mx::floor_divide(order, mx::array(routing.top_k, order.dtype()));
        in = mx::take(mx::reshape(in, {x.rows, 1, x.cols}), token, 0);
    }
    mx::array up = expert_linear(in, ids, sorted, weights.up);
    mx::array inner =
        activated(weights.activation, weights.gate ? expert_linear(in, ids, sorted, weights.gate) : up, up);
    mx::array down = expert_linear(inner, ids, sorted, weights.down);
    if (sorted) down = mx::take(down, mx::argsort(order), 0);
    down = mx::reshape(down, {routing.rows, routing.top_k, down.shape(-1)});
    mx::array mixed = mx::sum(mx::multiply(down, mx::expand_dims(shares, -1)), 1);
    mixed = mx::astype(mixed, down.dtype());
    return like(x, weights.down.weight.partial ? add_parts(mixed) : mixed);
}

}  // namespace fastmlx
