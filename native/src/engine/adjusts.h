#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "fastmlx.h"

namespace fastmlx {

// The adjustments of one step, copied from the caller's arrays and checked.
struct Adjusts {
    std::vector<fm_adjust> entries;  // rows in rising order
    std::vector<int32_t> last;       // of each: what its row feeds as FM_LAST_TOKEN once it is known, or -1
    std::vector<int32_t> ids;
    std::vector<float> values;
    std::vector<uint32_t> mask;

    void clear();
    const fm_adjust* of(size_t row) const;  // nullptr where the row has none
    int32_t last_of(const fm_adjust& entry) const { return last[static_cast<size_t>(&entry - entries.data())]; }
    void know_last(size_t row, int32_t token);
    std::span<const int32_t> targets(const fm_adjust& entry) const;
    // Throws FM_INVALID where a range lies outside its array or a number makes no sense.
    void check(const fm_row* rows, int row_count, int vocab) const;
};

// Log-probabilities of tokens that were given, not chosen.
struct Scores {
    struct Entry {
        int32_t row, count, top;
        size_t first;  // in `chosen`; in `ids` and `logprobs` after all entries before it
        size_t first_top;
    };
    std::vector<Entry> entries;
    std::vector<float> chosen;
    std::vector<int32_t> ids;  // (count, top) of each entry
    std::vector<float> logprobs;

    void clear();
    const Entry* of(int row) const;
};

}  // namespace fastmlx
