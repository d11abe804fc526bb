#include "engine/adjusts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/failure.h"

namespace fastmlx {
namespace {

bool inside(int32_t first, int32_t count, size_t size) {
    return first >= 0 && count >= 0 && static_cast<uint64_t>(first) + static_cast<uint64_t>(count) <= size;
}

}  // namespace

void Adjusts::clear() {
    entries.clear();
    last.clear();
    ids.clear();
    values.clear();
    mask.clear();
}

const fm_adjust* Adjusts::of(size_t row) const {
    auto before = [](const fm_adjust& entry, size_t wanted) { return static_cast<size_t>(entry.row) < wanted; };
    auto found = std::lower_bound(entries.begin(), entries.end(), row, before);
    return found != entries.end() && static_cast<size_t>(found->row) == row ? &*found : nullptr;
}

void Adjusts::know_last(size_t row, int32_t token) {
    if (const fm_adjust* entry = of(row)) last[static_cast<size_t>(entry - entries.data())] = token;
}

std::span<const int32_t> Adjusts::targets(const fm_adjust& entry) const {
    return std::span(ids).subspan(static_cast<size_t>(entry.score_first), static_cast<size_t>(entry.score_count));
}

void Adjusts::check(const fm_row* rows, int row_count, int vocab) const {
    int previous = -1;
    size_t words = (static_cast<size_t>(vocab) + 31) / 32;
    for (const fm_adjust& entry : entries) {
        if (entry.row <= previous || entry.row >= row_count)
            fail(FM_INVALID, "adjustments must name rows of the step in rising order, not ", entry.row);
        previous = entry.row;
        bool fits = inside(entry.bias_first, entry.bias_count, std::min(ids.size(), values.size())) &&
                    inside(entry.seen_first, entry.seen_count, ids.size()) && entry.seen_prompt >= 0 &&
                    entry.seen_prompt <= entry.seen_count && inside(entry.score_first, entry.score_count, ids.size()) &&
                    entry.score_count <= rows[entry.row].count && entry.score_top >= 0 && entry.score_top <= vocab;
        if (!fits) fail(FM_INVALID, "the adjustment of row ", entry.row, " reaches outside its arrays");
        if (entry.mask_first != -1 &&
            (entry.mask_first < 0 || static_cast<size_t>(entry.mask_first) + words > mask.size()))
            fail(FM_INVALID, "the mask of row ", entry.row, " needs ", words, " words");
        bool sane = std::isfinite(entry.frequency_penalty) && std::isfinite(entry.presence_penalty) &&
                    std::isfinite(entry.repetition_penalty) && entry.repetition_penalty > 0;
        if (!sane) fail(FM_INVALID, "row ", entry.row, " has a penalty out of range");
    }
    for (int32_t id : ids)
        if (id < 0 || id >= vocab) fail(FM_INVALID, "token ", id, " is outside the vocabulary of ", vocab);
    for (float value : values)
        if (!(value < std::numeric_limits<float>::infinity()))
            fail(FM_INVALID, "a bias must be a number below infinity");
}

void Scores::clear() {
    entries.clear();
    chosen.clear();
    ids.clear();
    logprobs.clear();
}

const Scores::Entry* Scores::of(int row) const {
    for (const Entry& entry : entries)
        if (entry.row == row) return &entry;
    return nullptr;
}

}  // namespace fastmlx
