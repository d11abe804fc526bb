#include "engine/layout.h"

#include <algorithm>

#include "engine/failure.h"

namespace fastmlx {
namespace {

struct Range {
    int from, to;
};

Range wanted_of(const fm_row& row, const fm_adjust* adjust, bool everything) {
    if (everything) return {0, row.count};
    Range range{row.count, row.count};
    if (row.sample != 0) range.from = row.count - 1;
    if (adjust == nullptr || adjust->score_count == 0) return range;
    return {0, row.sample != 0 ? row.count : adjust->score_count};
}

}  // namespace

void Layout::clear() {
    all_.clear();
    wanted_.clear();
    rows_.clear();
    from_.clear();
    kept_.clear();
    positions_.clear();
    wanted_positions_.clear();
}

void Layout::lay(const Batch& batch, bool everything) {
    clear();
    positions_.assign(batch.positions.begin(), batch.positions.end());
    int row = 0;
    for (size_t i = 0; i < batch.rows.size(); row += batch.rows[i++].count) {
        const fm_row& entry = batch.rows[i];
        all_.push_back({entry.slot, row, entry.count, entry.first});
        auto [from, to] = wanted_of(entry, batch.adjusts.of(i), everything);
        from_.push_back(from);
        kept_.push_back(static_cast<int>(rows_.size()));
        if (from == to) continue;
        wanted_.push_back({entry.slot, kept_.back(), to - from, entry.first + from});
        for (int token = from; token < to; ++token) {
            rows_.push_back(row + token);
            wanted_positions_.push_back(entry.first + token);
        }
    }
}

int Layout::place(Tensor x, size_t row, int token) const {
    if (whole(x)) return all_[row].row + token;
    if (x.rows != static_cast<int>(rows_.size()))
        fail(FM_INTERNAL, "a tensor of ", x.rows, " rows, where ", rows_.size(), " are wanted");
    return kept_[row] + token - from_[row];
}

}  // namespace fastmlx
