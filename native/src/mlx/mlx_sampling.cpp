#include "mlx/mlx_sampling.h"

#include <algorithm>
#include <limits>

#include "engine/sampler.h"

namespace fastmlx {
namespace {

enum class Way : uint8_t { kGreedy, kWhole, kFiltered };

Way way_of(const fm_row& row) {
    if (row.temperature <= 0 || row.top_k == 1) return Way::kGreedy;
    return row.top_k > 0 || row.top_p < 1 || row.min_p > 0 ? Way::kFiltered : Way::kWhole;
}

template <class Value, class Read>
mx::array column(const std::vector<const fm_row*>& rows, mx::Dtype type, Read&& read) {
    std::vector<Value> values;
    for (const fm_row* row : rows) values.push_back(read(*row));
    return mx::array(values.begin(), {static_cast<int>(rows.size()), 1}, type);
}

// Below one in float32 too: a draw never falls behind the last weight.
float draw(const fm_row& row) {
    auto uniform = static_cast<float>(uniform_at(row.seed, row.first + row.count));
    return std::min(uniform, 1 - std::numeric_limits<float>::epsilon());
}

// How many of the running sums are not above the drawn share of the whole: the index of the token. (rows, 1)
mx::array index_of(const mx::array& weights, const mx::array& uniform) {
    int count = weights.shape(1);
    mx::array sums = mx::cumsum(weights, 1);
    mx::array whole = mx::slice(sums, {0, count - 1}, {sums.shape(0), count});
    mx::array below = mx::sum(mx::astype(mx::less_equal(sums, mx::multiply(uniform, whole)), mx::int32), 1, true);
    return mx::minimum(below, mx::array(count - 1, mx::int32));
}

// Weights in falling order, only what top-k, top-p and min-p leave. In their order, for each: how much lies before it.
mx::array filtered(const mx::array& weights, const std::vector<const fm_row*>& rows, const mx::array& uniform) {
    int vocab = weights.shape(1), most = 0;
    for (const fm_row* row : rows) most = std::max(most, row->top_k > 0 ? std::min(row->top_k, vocab) : vocab);
    mx::array low = mx::negative(weights);
    mx::array order = mx::argsort(low, 1);
    if (most < vocab) {
        mx::array part = mx::slice(mx::argpartition(low, most - 1, 1), {0, 0}, {weights.shape(0), most});
        order = mx::take_along_axis(part, mx::argsort(mx::take_along_axis(low, part, 1), 1), 1);
    }
    mx::array sorted = mx::take_along_axis(weights, order, 1);
    mx::array limit = column<int32_t>(
        rows, mx::int32, [&](const fm_row& row) { return row.top_k > 0 ? std::min(row.top_k, vocab) : vocab; });
    mx::array rank = mx::expand_dims(mx::arange(0, most, mx::int32), 0), none = mx::array(0.f);
    mx::array within = mx::less(rank, limit);
    sorted = mx::where(within, sorted, none);
    mx::array share = column<float>(rows, mx::float32, [](const fm_row& row) { return row.top_p; });
    mx::array least = column<float>(rows, mx::float32, [](const fm_row& row) { return row.min_p; });
    mx::array before = mx::subtract(mx::cumsum(sorted, 1), sorted);
    mx::array wanted = mx::multiply(share, mx::sum(sorted, 1, true));
    mx::array good = mx::logical_and(mx::less(before, wanted), mx::greater_equal(sorted, least));
    good = mx::logical_or(good, mx::equal(rank, mx::array(0, mx::int32)));
    mx::array index = index_of(mx::where(mx::logical_and(good, within), sorted, none), uniform);
    return mx::take_along_axis(order, index, 1);
}

mx::array drawn(const mx::array& logits, const std::vector<const fm_row*>& rows, Way way) {
    mx::array scores = mx::astype(logits, mx::float32);
    mx::array temperature = column<float>(rows, mx::float32, [](const fm_row& row) { return row.temperature; });
    mx::array uniform = column<float>(rows, mx::float32, draw);
    mx::array weights = mx::exp(mx::divide(mx::subtract(scores, mx::max(scores, 1, true)), temperature));
    return mx::squeeze(way == Way::kWhole ? index_of(weights, uniform) : filtered(weights, rows, uniform), 1);
}

mx::array chosen(const mx::array& logits, const std::vector<const fm_row*>& rows, Way way) {
    mx::array ids = way == Way::kGreedy ? mx::argmax(logits, 1) : drawn(logits, rows, way);
    mx::array broken = mx::any(mx::isnan(logits), 1);
    return mx::where(broken, mx::array(-1, mx::int32), mx::astype(ids, mx::int32));
}

}  // namespace

mx::array sample_rows(const mx::array& logits, const std::vector<const fm_row*>& rows) {
    std::vector<mx::array> parts;
    std::vector<int32_t> place(rows.size());  // of each row in the parts' order
    int32_t at = 0;
    for (Way way : {Way::kGreedy, Way::kWhole, Way::kFiltered}) {
        std::vector<const fm_row*> same;
        std::vector<int32_t> indices;
        for (size_t i = 0; i < rows.size(); ++i) {
            if (way_of(*rows[i]) != way) continue;
            same.push_back(rows[i]);
            indices.push_back(static_cast<int32_t>(i));
            place[i] = at++;
        }
        if (same.empty()) continue;
        if (same.size() == rows.size()) return chosen(logits, same, way);
        mx::array ids(indices.begin(), {static_cast<int>(indices.size())}, mx::int32);
        parts.push_back(chosen(mx::take(logits, ids, 0), same, way));
    }
    return mx::take(mx::concatenate(parts, 0), mx::array(place.begin(), {static_cast<int>(place.size())}, mx::int32),
                    0);
}

}  // namespace fastmlx
