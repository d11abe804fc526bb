#include <cmath>

#include "engine/failure.h"
#include "mlx/group.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

int columns_of(const mx::array& a, int rows) { return rows == 0 ? 0 : static_cast<int>(a.size()) / rows; }

void check_same(Tensor a, Tensor b, const char* what) {
    if (a.rows != b.rows || a.cols != b.cols)
        fail(FM_INTERNAL, what, " of (", a.rows, ", ", a.cols, ") and (", b.rows, ", ", b.cols, ")");
}

}  // namespace

void MlxOps::begin(const Batch& batch, mx::array tokens, bool everything) {
    forget();
    batch_ = &batch;
    tokens_ = std::move(tokens);
    layout_.lay(batch, everything);
}

void MlxOps::end() {
    for (const Span& span : layout_.all()) timelines_.advance(span.slot, span.count);
}

void MlxOps::forget() {
    batch_ = nullptr;
    tokens_.reset();
    positions_.reset();
    wanted_positions_.reset();
    layout_.clear();
    masks_.clear();
    nodes_.clear();
}

Tensor MlxOps::make(mx::array value, int rows) {
    int cols = columns_of(value, rows);
    DType dtype = from_mlx(value.dtype());
    nodes_.push_back({std::move(value), false});
    return {&nodes_.back(), rows, cols, dtype};
}

Tensor MlxOps::make_heads(mx::array value) {
    int rows = value.shape(2), cols = columns_of(value, rows);
    DType dtype = from_mlx(value.dtype());
    nodes_.push_back({std::move(value), true});
    return {&nodes_.back(), rows, cols, dtype};
}

mx::array MlxOps::array(Tensor x) const {
    const Node& n = node(x);
    return mx::reshape(n.heads_first ? mx::swapaxes(n.value, 1, 2) : n.value, {x.rows, x.cols});
}

mx::array MlxOps::grouped(Tensor x, int groups) const {
    const Node& n = node(x);
    mx::array rows_first = n.heads_first ? mx::swapaxes(n.value, 1, 2) : n.value;
    return mx::reshape(rows_first, {x.rows, groups, x.cols / groups});
}

mx::array MlxOps::heads(Tensor x, int count) const {
    const Node& n = node(x);
    if (n.heads_first && n.value.shape(1) == count) return n.value;
    return mx::swapaxes(mx::expand_dims(grouped(x, count), 0), 1, 2);
}

mx::array MlxOps::heads(Tensor x, int count, const Span& span) const {
    mx::array all = heads(x, count);
    if (layout_.spans(x).size() == 1) return all;
    return mx::slice(all, {0, 0, span.row, 0}, {1, count, span.row + span.count, all.shape(3)});
}

mx::array MlxOps::span_rows(Tensor x, int groups, const Span& span) const {
    mx::array all = mx::expand_dims(grouped(x, groups), 0);
    if (layout_.spans(x).size() == 1) return all;
    return mx::slice(all, {0, span.row, 0, 0}, {1, span.row + span.count, groups, all.shape(3)});
}

Tensor MlxOps::join(std::vector<mx::array> spans, bool heads_first) {
    if (spans.size() > 1) spans = {mx::concatenate(std::move(spans), heads_first ? 2 : 1)};
    return heads_first ? make_heads(spans[0]) : make(spans[0], spans[0].shape(1));
}

const mx::array& MlxOps::positions(Tensor x) {
    const std::vector<int32_t>& numbers = layout_.positions(x);
    std::optional<mx::array>& known = x.rows == layout_.tokens() ? positions_ : wanted_positions_;
    if (!known) known = mx::array(numbers.data(), {x.rows}, mx::int32);
    return *known;
}

Tensor MlxOps::pick_rows(Tensor x, const std::vector<int>& rows) {
    mx::array all = array(x);
    int count = static_cast<int>(rows.size()), first = rows.front();
    if (count == x.rows) return make(std::move(all), count);
    if (rows.back() - first + 1 == count) return make(mx::slice(all, {first, 0}, {first + count, x.cols}), count);
    return make(mx::take(all, mx::array(rows.data(), {count}, mx::int32), 0), count);
}

void MlxOps::keep(std::initializer_list<Tensor*> live) {
    std::deque<Node> kept;
    for (Tensor* tensor : live) {
        if (!*tensor) continue;
        kept.push_back(node(*tensor));
        tensor->handle = &kept.back();
    }
    nodes_.swap(kept);  // a deque's elements stay where they are
}

// Where nothing is wanted all rows stay: what nobody reads is never computed.
Tensor MlxOps::wanted(Tensor x) {
    const std::vector<int>& rows = layout_.wanted();
    return rows.empty() || static_cast<int>(rows.size()) == x.rows ? x : pick_rows(x, rows);
}

Tensor MlxOps::embed(const Weight& table) {
    return make(parameters_.matrix(table).rows(*tokens_, table.dtype), static_cast<int>(batch_->tokens.size()));
}

mx::array MlxOps::add_parts(const mx::array& part) const {
    if (group_ == nullptr) fail(FM_INTERNAL, "a part of a product, and no group to add it up");
    return group_->sum(part);
}

Tensor MlxOps::linear(Tensor x, const Linear& linear) {
    if (x.cols != linear.weight.cols)
        fail(FM_INTERNAL, linear.weight.name, " takes ", linear.weight.cols, " features, not ", x.cols);
    const Matrix& matrix = parameters_.matrix(linear.weight);
    mx::array in = array(x);
    if (linear.weight.partial) {  // the bias is not a part: it comes after the sum
        mx::array y = add_parts(matrix.multiply(in));
        return like(x, linear.bias ? mx::add(y, parameters_.vector(linear.bias)) : y);
    }
    if (!linear.bias) return like(x, matrix.multiply(in));
    const mx::array& bias = parameters_.vector(linear.bias);
    if (matrix.mode.empty()) return like(x, mx::addmm(bias, in, *matrix.turned));
    return like(x, mx::add(matrix.multiply(in), bias));
}

Tensor MlxOps::rms_norm(Tensor x, const Vector& weight, const NormSpec& spec) {
    int width = spec.width == 0 ? x.cols : spec.width;
    bool whole = weight && weight.count == x.cols;  // one weight per feature, or one per feature of a segment
    if (x.cols % width != 0 || (weight && !whole && weight.count != width))
        fail(FM_INTERNAL, "rms_norm of ", x.cols, " features in segments of ", width);
    mx::array in = width == x.cols ? array(x) : grouped(x, x.cols / width);
    if (!weight) return like(x, mx::fast::rms_norm(in, std::nullopt, spec.eps));
    const mx::array& w = parameters_.vector(weight, spec.plus_one);
    if (weight.count == width) return like(x, mx::fast::rms_norm(in, w, spec.eps));
    mx::array out = mx::reshape(mx::fast::rms_norm(in, std::nullopt, spec.eps), {x.rows, x.cols});
    return like(x, mx::multiply(out, w));
}

Tensor MlxOps::layer_norm(Tensor x, const Vector& weight, const Vector& bias, float eps) {
    std::optional<mx::array> w, b;
    if (weight) w = parameters_.vector(weight);
    if (bias) b = parameters_.vector(bias);
    return like(x, mx::fast::layer_norm(array(x), w, b, eps));
}

Tensor MlxOps::rms_norm_gated(Tensor x, Tensor gate, const Vector& weight, const NormSpec& spec) {
    check_same(x, gate, "gated norm");
    mx::array y = array(rms_norm(x, weight, spec)), z = mx::astype(array(gate), mx::float32);
    mx::array product = mx::multiply(mx::multiply(z, mx::sigmoid(z)), mx::astype(y, mx::float32));
    return like(x, mx::astype(product, y.dtype()));
}

Tensor MlxOps::add(Tensor a, Tensor b) {
    check_same(a, b, "sum");
    return like(a, mx::add(array(a), array(b)));
}

Tensor MlxOps::multiply(Tensor a, Tensor b) {
    if (b.cols != 1) check_same(a, b, "product");
    return like(a, mx::multiply(array(a), array(b)));
}

Tensor MlxOps::multiply(Tensor a, const Vector& b) {
    if (b.count != a.cols && b.count != 1) fail(FM_INTERNAL, "product of ", a.cols, " features with ", b.count);
    return like(a, mx::multiply(array(a), parameters_.vector(b)));
}

Tensor MlxOps::scale(Tensor a, double factor) {
    mx::array in = array(a);
    return like(a, mx::multiply(in, scalar(factor, in.dtype())));
}

Tensor MlxOps::divide(Tensor a, double divisor) {
    mx::array in = array(a);
    return like(a, mx::divide(in, scalar(divisor, in.dtype())));
}

Tensor MlxOps::clip(Tensor a, float bound) {
    mx::array in = array(a);
    return like(a, mx::clip(in, scalar(-bound, in.dtype()), scalar(bound, in.dtype())));
}

Tensor MlxOps::scale_by_position(Tensor a, float beta, int length) {
    std::vector<float> factors;
    for (int32_t position : layout_.positions(a))
        factors.push_back(1.f +
                          beta * std::log(1.f + std::floor(static_cast<float>(position) / static_cast<float>(length))));
    mx::array in = array(a), column = mx::array(factors.data(), {a.rows, 1}, mx::float32);
    return like(a, mx::multiply(in, mx::astype(column, in.dtype())));
}

Tensor MlxOps::cast(Tensor a, DType dtype) { return like(a, mx::astype(array(a), to_mlx(dtype))); }

Tensor MlxOps::columns(Tensor x, int groups, int first, int count) {
    int width = x.cols / groups;
    if (x.cols % groups != 0 || first < 0 || first + count > width)
        fail(FM_INTERNAL, "features ", first, "+", count, " of ", groups, " groups in ", x.cols);
    return like(x, mx::slice(grouped(x, groups), {0, 0, first}, {x.rows, groups, first + count}));
}

Tensor MlxOps::concat(Tensor a, Tensor b, int groups) {
    if (a.rows != b.rows || a.cols % groups != 0 || b.cols % groups != 0) fail(FM_INTERNAL, "concat of unequal shapes");
    return like(a, mx::concatenate({grouped(a, groups), grouped(b, groups)}, 2));
}

}  // namespace fastmlx
