#include <algorithm>
#include <cmath>
#include <numeric>

#include "cpu/ops.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

constexpr int kRowBlock = 16;

void softmax(float* values, int count) {
    float best = *std::max_element(values, values + count), sum = 0;
    for (int i = 0; i < count; ++i) sum += values[i] = std::exp(values[i] - best);
    for (int i = 0; i < count; ++i) values[i] /= sum;
}

// With a rounding after every step, as MLX has it where nobody asks for precision.
void softmax_in(DType t, float* values, int count) {
    float best = *std::max_element(values, values + count), sum = 0;
    for (int i = 0; i < count; ++i)
        sum = round_to(t, sum + (values[i] = round_to(t, std::exp(round_to(t, values[i] - best)))));
    for (int i = 0; i < count; ++i) values[i] *= round_to(t, 1.f / sum);
}

// Marks the experts of all but the best groups as out.
void limit_groups(std::vector<float>& choice, const RouterSpec& spec, float out) {
    int size = static_cast<int>(choice.size()) / spec.groups;
    std::vector<float> rank(static_cast<size_t>(spec.groups));
    for (int g = 0; g < spec.groups; ++g) {
        std::vector<float> group(choice.begin() + g * size, choice.begin() + (g + 1) * size);
        std::sort(group.begin(), group.end(), std::greater<>());
        rank[static_cast<size_t>(g)] = spec.group_max || size == 1 ? group[0] : group[0] + group[1];
    }
    std::vector<int> order(rank.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return rank[static_cast<size_t>(a)] > rank[static_cast<size_t>(b)]; });
    for (int i = spec.top_groups; i < spec.groups; ++i) {
        auto start = choice.begin() + order[static_cast<size_t>(i)] * size;
        std::fill(start, start + size, out);
    }
}

// The best k in the order that MLX's CPU partition leaves them in.
void choose(const std::vector<float>& choice, const RouterSpec& spec, int32_t* chosen) {
    std::vector<int32_t> order(choice.size());
    std::iota(order.begin(), order.end(), 0);
    auto value = [&](int32_t i) {
        return spec.negated ? -choice[static_cast<size_t>(i)] : choice[static_cast<size_t>(i)];
    };
    auto before = [&](int32_t a, int32_t b) {
        float x = value(a), y = value(b);
        return x != y ? x < y : a < b;
    };
    auto first = spec.negated ? order.begin() : order.end() - spec.top_k;
    std::nth_element(order.begin(), spec.negated ? first + spec.top_k - 1 : first, order.end(), before);
    std::copy_n(first, spec.top_k, chosen);
}

}  // namespace

void CpuOps::route_row(const float* logits, int count, const RouterSpec& spec, const float* bias,
                       const float* expert_scale, DType dtype, int32_t* chosen, float* weights) {
    std::vector<float> scores(logits, logits + count);
    if (spec.kind == RouterSpec::Kind::kSoftmaxTopK) softmax(scores.data(), count);
    if (spec.kind == RouterSpec::Kind::kSigmoid)
        for (float& score : scores) score = 1.f / (1.f + std::exp(-score));
    kernels_.round(dtype, scores.data(), count);
    std::vector<float> choice = scores;
    if (bias != nullptr)
        for (int i = 0; i < count; ++i) choice[static_cast<size_t>(i)] += bias[i];
    if (spec.groups > 1) limit_groups(choice, spec, 0.f);
    choose(choice, spec, chosen);
    for (int i = 0; i < spec.top_k; ++i) weights[i] = scores[static_cast<size_t>(chosen[i])];
    if (spec.kind == RouterSpec::Kind::kTopKSoftmax && spec.precise) softmax(weights, spec.top_k);
    if (spec.kind == RouterSpec::Kind::kTopKSoftmax && !spec.precise) softmax_in(dtype, weights, spec.top_k);
    kernels_.round(dtype, weights, spec.top_k);
    if (spec.normalise) {
        float sum = 0;
        for (int i = 0; i < spec.top_k; ++i) sum = round_to(dtype, sum + weights[i]);
        if (spec.epsilon != 0) sum = round_to(dtype, sum + round_to(dtype, static_cast<float>(spec.epsilon)));
        for (int i = 0; i < spec.top_k; ++i) weights[i] /= sum;
        kernels_.round(dtype, weights, spec.top_k);
    }
    for (int i = 0; i < spec.top_k; ++i) {
        if (spec.scale != 1) weights[i] *= round_to(dtype, static_cast<float>(spec.scale));
        if (expert_scale != nullptr) weights[i] = round_to(dtype, weights[i]) * expert_scale[chosen[i]];
    }
    kernels_.round(dtype, weights, spec.top_k);
    if (spec.cast) kernels_.round(spec.cast_to, weights, spec.top_k);
}

Routing CpuOps::route(Tensor logits, const RouterSpec& spec) {
    if (spec.top_k < 1 || spec.top_k > logits.cols || logits.cols % spec.groups != 0)
        fail(FM_INTERNAL, "router of ", logits.cols, " experts takes ", spec.top_k, " in ", spec.groups, " groups");
    DType type = spec.kind == RouterSpec::Kind::kSigmoid ? DType::kF32 : logits.dtype;
    auto total = static_cast<int64_t>(logits.rows) * spec.top_k;
    Routing routing{arena_.bytes(static_cast<size_t>(total) * 4), arena_.floats(total), logits.rows, spec.top_k,
                    spec.cast ? spec.cast_to : type};
    const float* bias = floats(spec.bias);
    const float* scale = floats(spec.expert_scale);
    for (int row = 0; row < logits.rows; ++row)
        route_row(data(logits) + static_cast<int64_t>(row) * logits.cols, logits.cols, spec, bias, scale, type,
                  static_cast<int32_t*>(routing.experts) + static_cast<int64_t>(row) * spec.top_k,
                  static_cast<float*>(routing.weights) + static_cast<int64_t>(row) * spec.top_k);
    return routing;
}

// One matrix per expert over the rows that chose it. `order` lists the (token, choice) pairs by expert; row i of the
// result belongs to order[i]. `gathered`: x already has that order, else its rows are tokens.
Tensor CpuOps::expert_linear(Tensor x, bool gathered, const Routing& routing, const std::vector<int>& order,
                             const Linear& linear) {
    const Weight& w = linear.weight;
    if (x.cols != w.cols) fail(FM_INTERNAL, w.name, " takes ", w.cols, " features, not ", x.cols);
    auto expert_of = [&](size_t i) { return static_cast<const int32_t*>(routing.experts)[order[i]]; };
    if (!gathered) {
        std::vector<int> tokens(order.size());
        for (size_t i = 0; i < order.size(); ++i) tokens[i] = order[i] / routing.top_k;
        x = pick_rows(x, tokens);
    }
    bool fp = w.storage != Storage::kDense && w.storage != Storage::kAffine;
    DType product = fp ? x.dtype : promote(x.dtype, w.dtype);
    DType result = linear.bias ? promote(product, linear.bias.dtype) : product;
    Tensor y = make(x.rows, w.rows, result);
    x = arranged(x, w, product);
    const float* bias = floats(linear.bias);
    struct Run {
        int expert, start, count;
    };
    std::vector<Run> runs;
    for (size_t i = 0; i < order.size(); ++i) {
        if (runs.empty() || runs.back().expert != expert_of(i)) runs.push_back({expert_of(i), static_cast<int>(i), 0});
        ++runs.back().count;
    }
    int blocks = (w.rows + kRowBlock - 1) / kRowBlock;
    rows(static_cast<int>(runs.size()) * blocks, static_cast<int64_t>(kRowBlock) * w.cols * 2,
         [&](int task, int worker) {
             const Run& run = runs[static_cast<size_t>(task / blocks)];
             int first = task % blocks * kRowBlock, count = std::min(kRowBlock, w.rows - first);
             float* out = data(y) + static_cast<int64_t>(run.start) * y.cols + first;
             multiply_rows(data(x) + static_cast<int64_t>(run.start) * x.cols, x.cols, run.count, w, run.expert, first,
                           count, product, out, y.cols, worker);
             for (int t = 0; t < run.count; ++t, out += y.cols) {
                 kernels_.round(product, out, count);
                 if (bias == nullptr) continue;
                 for (int r = 0; r < count; ++r) out[r] += bias[static_cast<int64_t>(run.expert) * w.rows + first + r];
                 kernels_.round(result, out, count);
             }
         });
    return y;
}

Tensor CpuOps::experts(Tensor x, const Routing& routing, const ExpertWeights& weights) {
    const auto* chosen = static_cast<const int32_t*>(routing.experts);
    std::vector<int> order(static_cast<size_t>(routing.rows) * static_cast<size_t>(routing.top_k));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return chosen[a] < chosen[b]; });
    Tensor up = expert_linear(x, false, routing, order, weights.up);
    Tensor inner = weights.gate
                       ? activate(weights.activation, expert_linear(x, false, routing, order, weights.gate), up)
                       : activate(weights.activation, up, {});
    Tensor down = expert_linear(inner, true, routing, order, weights.down);
    std::vector<int> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) place[static_cast<size_t>(order[i])] = static_cast<int>(i);
    DType product = promote(down.dtype, routing.dtype);
    Tensor y = make(routing.rows, down.cols, down.dtype);
    rows(routing.rows, static_cast<int64_t>(down.cols) * routing.top_k, [&](int row, int) {
        float* out = data(y) + static_cast<int64_t>(row) * y.cols;
        std::fill_n(out, y.cols, 0.f);
        for (int k = 0; k < routing.top_k; ++k) {
            int64_t pair = static_cast<int64_t>(row) * routing.top_k + k;
            float weight = static_cast<const float*>(routing.weights)[pair];
            const float* from = data(down) + static_cast<int64_t>(place[static_cast<size_t>(pair)]) * down.cols;
            for (int i = 0; i < y.cols; ++i) out[i] = round_to(product, out[i] + round_to(product, from[i] * weight));
        }
        kernels_.round(y.dtype, out, y.cols);
    });
    return y;
}

}  // namespace fastmlx
