// Attention page by page with a running softmax, where the kernels have it: of a long conversation's scores no more
// than a page's are kept, and keys and values are read as they are stored.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/ops.h"

namespace fastmlx {
namespace {

constexpr int kTileRows = 120;  // queries times heads that share keys: a page is read once for all of them
constexpr float kLowest = -3.4028235e38f;

// bfloat16 of floats that are in the format already.
void halve(const float* from, int64_t count, uint16_t* out) {
    for (int64_t i = 0; i < count; ++i) {
        uint32_t bits;
        std::memcpy(&bits, from + i, 4);
        out[i] = static_cast<uint16_t>(bits >> 16);
    }
}

// The last of a row: what a sink adds to the sum, and the division by it.
void finish_row(float most, float total, const float* sink, int width, float* mixed) {
    float factor = 1;
    if (sink != nullptr) {
        float best = std::max(most, *sink);
        factor = std::exp(most - best);
        total = total * factor + std::exp(*sink - best);
    }
    factor /= total;
    for (int d = 0; d < width; ++d) mixed[d] *= factor;
}

}  // namespace

bool CpuOps::reads_pages(const AttendSpec& spec, DType dtype) const {
    const StateSpec& state = timelines_.spec(spec.state);
    return sums(dtype).attend_page != nullptr && dtype == DType::kBF16 && state.dtype == DType::kBF16 &&
           !state.values_in_keys && spec.tail == 0 && state.k_dim % 2 == 0 && state.v_dim % 16 == 0;
}

int CpuOps::page_queries(const AttendSpec& spec) const {
    return std::max(1, kTileRows / (spec.heads / timelines_.spec(spec.state).heads));
}

void CpuOps::attend_pages(const AttendSpec& spec, const AttendTask& task, const float* queries, const float* sinks,
                          float* mixed, float* room) {
    const StateSpec& state = timelines_.spec(spec.state);
    const Span& span = *task.span;
    int group = spec.heads / state.heads, rows = task.queries * group;
    int first = span.first + task.query, last = first + task.queries - 1;
    float *scores = room, *most = scores + static_cast<int64_t>(rows) * kPageTokens, *total = most + rows;
    auto* seen = reinterpret_cast<int32_t*>(total + rows);  // from, then to
    auto* paired = reinterpret_cast<uint16_t*>(seen + int64_t{2} * rows);
    auto* halves = paired + static_cast<int64_t>(kPageTokens) * std::max(state.k_dim, state.v_dim);
    halve(queries, static_cast<int64_t>(rows) * state.k_dim, halves);
    std::fill_n(most, rows, kLowest);
    std::fill_n(total, rows, 0.f);
    std::fill_n(mixed, static_cast<int64_t>(rows) * state.v_dim, 0.f);
    int oldest = spec.window == 0 ? 0 : std::max(0, first - spec.window + 1);
    for (int index = oldest / kPageTokens; index <= last / kPageTokens; ++index) {
        PageView view{first, group, spec.window, index * kPageTokens};
        int start = 0, end = rows;  // those that see any of it; the others must not be touched
        while (start < end && view.to(start) == 0) ++start;
        while (start < end && view.from(end - 1) == kPageTokens) --end;
        for (int row = start; row < end; ++row) {
            seen[row] = view.from(row);
            seen[rows + row] = view.to(row);
        }
        if (start == end) continue;
        const uint8_t* page = timelines_.page(span.slot, spec.state, index)->data();
        const uint8_t* keys = page + task.head * timelines_.key_bytes(spec.state);
        const uint8_t* values =
            page + state.heads * timelines_.key_bytes(spec.state) + task.head * timelines_.value_bytes(spec.state);
        PageTile tile{end - start,
                      state.k_dim,
                      state.v_dim,
                      halves + static_cast<int64_t>(start) * state.k_dim,
                      seen + start,
                      seen + rows + start,
                      most + start,
                      total + start,
                      mixed + static_cast<int64_t>(start) * state.v_dim,
                      paired,
                      scores};
        kernels_.attend_page(tile, reinterpret_cast<const uint16_t*>(keys), reinterpret_cast<const uint16_t*>(values));
    }
    for (int row = 0; row < rows; ++row)
        finish_row(most[row], total[row], sinks == nullptr ? nullptr : sinks + task.head * group + row % group,
                   state.v_dim, mixed + static_cast<int64_t>(row) * state.v_dim);
}

}  // namespace fastmlx
