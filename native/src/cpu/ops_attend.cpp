#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/ops.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

constexpr int kTileQueries = 8;
constexpr int64_t kScoresMax = 1 << 19;  // floats per thread: a tile shrinks before its scores leave the cache

void store_run(DType dtype, const float* from, int count, uint8_t* to) {
    if (dtype == DType::kF32)
        std::memcpy(to, from, static_cast<size_t>(count) * 4);
    else
        for (int i = 0; i < count; ++i) store_float(dtype, to, i, from[i]);
}

}  // namespace

void CpuOps::store_keys(const AttendSpec& spec, const Span& span, Tensor k, Tensor v) {
    const StateSpec& state = timelines_.spec(spec.state);
    timelines_.prepare(span.slot, spec.state, span.first, span.count);
    int64_t key_bytes = timelines_.key_bytes(spec.state), value_bytes = timelines_.value_bytes(spec.state);
    int unit = dtype_bytes(state.dtype);
    for (int i = 0; i < span.count; ++i) {
        int position = span.first + i, offset = position % kPageTokens;
        uint8_t* page = timelines_.page(span.slot, spec.state, position / kPageTokens)->data();
        const float* key = data(k) + static_cast<int64_t>(span.row + i) * k.cols;
        for (int h = 0; h < state.heads; ++h)
            store_run(state.dtype, key + h * state.k_dim, state.k_dim,
                      page + h * key_bytes + static_cast<int64_t>(offset) * state.k_dim * unit);
        if (state.values_in_keys) continue;
        page += state.heads * key_bytes;
        const float* value = data(v) + static_cast<int64_t>(span.row + i) * v.cols;
        for (int h = 0; h < state.heads; ++h)
            store_run(state.dtype, value + h * state.v_dim, state.v_dim,
                      page + h * value_bytes + static_cast<int64_t>(offset) * state.v_dim * unit);
    }
}

// One head of one page as float32: (kPageTokens, k_dim) or (kPageTokens, v_dim).
void CpuOps::load_page(int state, const Page* page, int head, bool values, float* out) {
    const StateSpec& spec = timelines_.spec(state);
    int64_t key_bytes = timelines_.key_bytes(state), value_bytes = timelines_.value_bytes(state);
    const uint8_t* keys = page->data() + head * key_bytes;
    auto convert = [&](const uint8_t* from, int count, float* to) {
        kernels_.dequantise(Storage::kDense, 0, 0, spec.dtype, {from, nullptr, nullptr}, count, to);
    };
    if (!values) return convert(keys, kPageTokens * spec.k_dim, out);
    if (!spec.values_in_keys)
        return convert(page->data() + spec.heads * key_bytes + head * value_bytes, kPageTokens * spec.v_dim, out);
    for (int j = 0; j < kPageTokens; ++j)
        convert(keys + static_cast<int64_t>(j) * spec.k_dim * dtype_bytes(spec.dtype), spec.v_dim,
                out + j * spec.v_dim);
}

void CpuOps::attend_task(const AttendSpec& spec, const AttendTask& task, Tensor q, const float* sinks, Tensor out,
                         int worker) {
    const Kernels& kernels = sums(q.dtype);
    const StateSpec& state = timelines_.spec(spec.state);
    const Span& span = *task.span;
    int group = spec.heads / state.heads, rows = task.queries * group;
    int first_position = span.first + task.query, last_position = first_position + task.queries - 1;
    auto oldest = [&](int position) { return spec.window == 0 ? 0 : std::max(0, position - spec.window + 1); };
    int first_page = oldest(first_position) / kPageTokens, last_page = last_position / kPageTokens;
    int base = first_page * kPageTokens, length = (last_page + 1) * kPageTokens - base;
    int page_floats = kPageTokens * std::max(state.k_dim, state.v_dim);
    float* block = scratch(worker, page_floats + static_cast<int64_t>(rows) * (state.k_dim + length + kPageTokens));
    float* queries = block + page_floats;
    float* scores = queries + static_cast<int64_t>(rows) * state.k_dim;

    // Row i·group + g is query i of head g. MLX rounds the scale and the scaled query to the query's format.
    float scale = round_to(q.dtype, spec.scale);
    for (int i = 0; i < task.queries; ++i) {
        const float* from = data(q) + static_cast<int64_t>(span.row + task.query + i) * q.cols +
                            static_cast<int64_t>(task.head) * group * state.k_dim;
        float* to = queries + static_cast<int64_t>(i) * group * state.k_dim;
        for (int d = 0; d < group * state.k_dim; ++d) to[d] = from[d] * scale;
    }
    kernels.round(q.dtype, queries, static_cast<int64_t>(rows) * state.k_dim);

    for (int index = first_page; index <= last_page; ++index) {
        load_page(spec.state, timelines_.page(span.slot, spec.state, index), task.head, false, block);
        float* out_scores = scores + (index - first_page) * kPageTokens;
        int head_part = state.k_dim - spec.tail;
        kernels.matmul(queries, state.k_dim, rows, block, state.k_dim, kPageTokens, head_part, out_scores, length);
        if (spec.tail == 0) continue;
        float* tails = scores + static_cast<int64_t>(rows) * length;
        kernels.matmul(queries + head_part, state.k_dim, rows, block + head_part, state.k_dim, kPageTokens, spec.tail,
                        tails, kPageTokens);
        kernels.round(q.dtype, tails, static_cast<int64_t>(rows) * kPageTokens);
        for (int row = 0; row < rows; ++row) {
            float* part = out_scores + static_cast<int64_t>(row) * length;
            kernels.round(q.dtype, part, kPageTokens);
            for (int j = 0; j < kPageTokens; ++j) part[j] += tails[row * kPageTokens + j];
        }
    }
    kernels.round(q.dtype, scores, static_cast<int64_t>(rows) * length);
    for (int row = 0; row < rows; ++row) {
        int position = first_position + row / group;
        const float* sink = sinks == nullptr ? nullptr : sinks + task.head * group + row % group;
        kernels.softmax(q.dtype, scores + static_cast<int64_t>(row) * length, length, oldest(position) - base,
                         position - base, sink);
    }
    auto target = [&](int row) {
        return data(out) + static_cast<int64_t>(span.row + task.query + row / group) * out.cols +
               static_cast<int64_t>(task.head * group + row % group) * state.v_dim;
    };
    for (int row = 0; row < rows; ++row) std::fill_n(target(row), state.v_dim, 0.f);
    for (int index = first_page; index <= last_page; ++index) {
        load_page(spec.state, timelines_.page(span.slot, spec.state, index), task.head, true, block);
        for (int row = 0; row < rows; ++row) {
            // Only keys this query sees, so that the sum's order does not depend on the tile.
            int position = first_position + row / group, start = index * kPageTokens;
            int from = std::max(oldest(position), start), to = std::min(position + 1, start + kPageTokens);
            if (from >= to) continue;
            kernels.weigh(scores + static_cast<int64_t>(row) * length + (from - base),
                           block + static_cast<int64_t>(from - start) * state.v_dim, to - from, state.v_dim,
                           target(row));
        }
    }
    for (int row = 0; row < rows; ++row) kernels.round(out.dtype, target(row), state.v_dim);
}

Tensor CpuOps::attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) {
    const StateSpec& state = timelines_.spec(spec.state);
    if (q.cols != spec.heads * state.k_dim || spec.heads % state.heads != 0)
        fail(FM_INTERNAL, "attention of ", spec.heads, " heads over ", state.heads, " gets ", q.cols, " features");
    Tensor out = make(q.rows, spec.heads * state.v_dim, q.dtype);
    const float* sinks = floats(spec.sinks);
    tasks_.clear();
    int64_t work = 0;
    for (const Span& span : spans_) {
        if (k) store_keys(spec, span, k, v);
        int length =
            spec.window == 0 ? span.first + span.count : std::min(span.first + span.count, spec.window + kTileQueries);
        work += static_cast<int64_t>(length) * span.count * spec.heads * state.k_dim;
        auto fitting = static_cast<int>(kScoresMax /
                                        (static_cast<int64_t>(length + 2 * kPageTokens) * (spec.heads / state.heads)));
        int tile = std::clamp(fitting, 1, kTileQueries);
        for (int query = 0; query < span.count; query += tile)
            for (int head = 0; head < state.heads; ++head)
                tasks_.push_back({&span, head, query, std::min(tile, span.count - query)});
    }
    int count = static_cast<int>(tasks_.size());
    rows(count, work / std::max(1, count),
         [&](int task, int worker) { attend_task(spec, tasks_[static_cast<size_t>(task)], q, sinks, out, worker); });
    return out;
}

}  // namespace fastmlx
