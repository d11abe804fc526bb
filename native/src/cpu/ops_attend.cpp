#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/ops.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

constexpr int kTileQueries = 16;
constexpr int64_t kScoresMax = 1 << 19;  // floats per thread: a tile shrinks before its scores leave the cache

void store_run(DType dtype, const float* from, int count, uint8_t* to) {
    if (dtype == DType::kF32)
        std::memcpy(to, from, static_cast<size_t>(count) * 4);
    else
        for (int i = 0; i < count; ++i) store_float(dtype, to, i, from[i]);
}

// How many queries of `group` heads are taken at once over `length` keys.
int whole_queries(int length, int group) {
    auto fitting = static_cast<int>(kScoresMax / (static_cast<int64_t>(length + 2 * kPageTokens) * group));
    return std::clamp(fitting, 1, kTileQueries);
}

}  // namespace

// One head's keys and values of a span. Keys lie feature by feature, so that scores of a page need no turning round;
// only where values are cut from keys they lie token by token.
void CpuOps::store_head(const AttendSpec& spec, const Span& span, int head, Tensor k, Tensor v) {
    const StateSpec& state = timelines_.spec(spec.state);
    int64_t key_bytes = timelines_.key_bytes(spec.state), value_bytes = timelines_.value_bytes(spec.state);
    int unit = dtype_bytes(state.dtype);
    for (int i = 0; i < span.count; ++i) {
        int position = span.first + i, offset = position % kPageTokens;
        uint8_t* page = timelines_.page(span.slot, spec.state, position / kPageTokens)->data();
        const float* key = data(k) + static_cast<int64_t>(span.row + i) * k.cols + head * state.k_dim;
        uint8_t* keys = page + head * key_bytes;
        if (state.values_in_keys) {
            store_run(state.dtype, key, state.k_dim, keys + static_cast<int64_t>(offset) * state.k_dim * unit);
            continue;
        }
        for (int d = 0; d < state.k_dim; ++d) store_float(state.dtype, keys, d * kPageTokens + offset, key[d]);
        const float* value = data(v) + static_cast<int64_t>(span.row + i) * v.cols + head * state.v_dim;
        store_run(
            state.dtype, value, state.v_dim,
            page + state.heads * key_bytes + head * value_bytes + static_cast<int64_t>(offset) * state.v_dim * unit);
    }
}

void CpuOps::store_keys(const AttendSpec& spec, const Span& span, Tensor k, Tensor v) {
    const StateSpec& state = timelines_.spec(spec.state);
    timelines_.prepare(span.slot, spec.state, span.first, span.count);
    rows(state.heads, static_cast<int64_t>(span.count) * (state.k_dim + state.v_dim) * 4,
         [&](int head, int) { store_head(spec, span, head, k, v); });
}

// One head of one page as float32, in `out` or in place: keys as they are stored, or values (kPageTokens, v_dim).
const float* CpuOps::load_page(int state, const Page* page, int head, bool values, float* out) {
    const StateSpec& spec = timelines_.spec(state);
    int64_t key_bytes = timelines_.key_bytes(state), value_bytes = timelines_.value_bytes(state);
    const uint8_t* keys = page->data() + head * key_bytes;
    auto convert = [&](const uint8_t* from, int count, float* to) -> const float* {
        if (spec.dtype == DType::kF32) return reinterpret_cast<const float*>(from);
        kernels_.dequantise(Storage::kDense, 0, 0, spec.dtype, {from, nullptr, nullptr}, count, to);
        return to;
    };
    if (!values) return convert(keys, kPageTokens * spec.k_dim, out);
    if (!spec.values_in_keys)
        return convert(page->data() + spec.heads * key_bytes + head * value_bytes, kPageTokens * spec.v_dim, out);
    for (int j = 0; j < kPageTokens; ++j)
        kernels_.dequantise(Storage::kDense, 0, 0, spec.dtype,
                            {keys + static_cast<int64_t>(j) * spec.k_dim * dtype_bytes(spec.dtype), nullptr, nullptr},
                            spec.v_dim, out + j * spec.v_dim);
    return out;
}

// Scores of a latent state's page: keys token by token, the last features' product rounded apart.
void CpuOps::score_latent(const AttendSpec& spec, DType dtype, const float* queries, int rows, const float* keys,
                          float* scores, int64_t length, float* tails) {
    const Kernels& kernels = sums(dtype);
    int width = timelines_.spec(spec.state).k_dim, head_part = width - spec.tail;
    kernels.matmul(queries, width, rows, keys, width, kPageTokens, head_part, scores, length);
    if (spec.tail == 0) return;
    kernels.matmul(queries + head_part, width, rows, keys + head_part, width, kPageTokens, spec.tail, tails,
                   kPageTokens);
    kernels.round(dtype, tails, static_cast<int64_t>(rows) * kPageTokens);
    for (int row = 0; row < rows; ++row) {
        float* part = scores + row * length;
        kernels.round(dtype, part, kPageTokens);
        for (int j = 0; j < kPageTokens; ++j) part[j] += tails[row * kPageTokens + j];
    }
}

// out[row] += Σ p·v over the keys of one page that the row sees, in rising order. Rows are taken together where all of
// them see a key; what is left of each goes before and after, so the order does not depend on the tile.
void CpuOps::weigh_page(const Kernels& kernels, const PageView& view, const float* scores, int64_t length, int rows,
                        const float* values, int width, float* out) {
    constexpr int kTogether = 4;
    for (int first = 0; first < rows; first += kTogether) {
        int count = std::min(kTogether, rows - first);
        auto from = [&](int row) { return view.from(row); };
        auto to = [&](int row) { return view.to(row); };
        auto add = [&](int row, int together, int start, int end) {
            if (start >= end) return;
            kernels.weigh(scores + row * length + start, length, together, values + static_cast<int64_t>(start) * width,
                          end - start, width, out + static_cast<int64_t>(row) * width, width);
        };
        int low = from(first + count - 1), high = to(first);
        if (low >= high) {
            for (int row = first; row < first + count; ++row) add(row, 1, from(row), to(row));
            continue;
        }
        for (int row = first; row < first + count; ++row) add(row, 1, from(row), low);
        add(first, count, low, high);
        for (int row = first; row < first + count; ++row) add(row, 1, high, to(row));
    }
}

// Scratch of a task: scaled queries, results, and the room of the way it is computed.
int64_t CpuOps::task_floats(const AttendSpec& spec, DType dtype, const AttendTask& task) const {
    const StateSpec& state = timelines_.spec(spec.state);
    int64_t rows = static_cast<int64_t>(task.queries) * (spec.heads / state.heads);
    int64_t page = static_cast<int64_t>(kPageTokens) * std::max(state.k_dim, state.v_dim);
    int64_t own = rows * (state.k_dim + state.v_dim);
    if (reads_pages(spec, dtype)) return own + page / 2 + rows * (kPageTokens + 4 + state.k_dim / 2);
    int first = task.span->first + task.query, last = first + task.queries - 1;
    int oldest = spec.window == 0 ? 0 : std::max(0, first - spec.window + 1);
    int64_t pages = last / kPageTokens - oldest / kPageTokens + 1;
    return own + page + rows * (pages + 1) * kPageTokens;
}

// All scores of the tile first, then softmax, then the values: the order of MLX's CPU.
void CpuOps::attend_whole(const AttendSpec& spec, const AttendTask& task, Tensor q, const float* queries,
                          const float* sinks, float* mixed, float* room) {
    const Kernels& kernels = sums(q.dtype);
    const StateSpec& state = timelines_.spec(spec.state);
    const Span& span = *task.span;
    int group = spec.heads / state.heads, rows = task.queries * group;
    int first_position = span.first + task.query, last_position = first_position + task.queries - 1;
    auto oldest = [&](int position) { return spec.window == 0 ? 0 : std::max(0, position - spec.window + 1); };
    int first_page = oldest(first_position) / kPageTokens, last_page = last_position / kPageTokens;
    int base = first_page * kPageTokens, length = (last_page + 1) * kPageTokens - base;
    float* block = room;
    float* scores = block + kPageTokens * std::max(state.k_dim, state.v_dim);
    float* tails = scores + static_cast<int64_t>(rows) * length;

    std::fill_n(scores, static_cast<int64_t>(rows) * length, 0.f);
    for (int index = first_page; index <= last_page; ++index) {
        const float* keys =
            load_page(spec.state, timelines_.page(span.slot, spec.state, index), task.head, false, block);
        float* part = scores + (index - first_page) * kPageTokens;
        if (state.values_in_keys)
            score_latent(spec, q.dtype, queries, rows, keys, part, length, tails);
        else
            kernels.weigh(queries, state.k_dim, rows, keys, state.k_dim, kPageTokens, part, length);
    }
    kernels.round(q.dtype, scores, static_cast<int64_t>(rows) * length);
    for (int row = 0; row < rows; ++row) {
        int position = first_position + row / group;
        const float* sink = sinks == nullptr ? nullptr : sinks + task.head * group + row % group;
        kernels.softmax(q.dtype, scores + static_cast<int64_t>(row) * length, length, oldest(position) - base,
                        position - base, sink);
    }
    std::fill_n(mixed, static_cast<int64_t>(rows) * state.v_dim, 0.f);
    for (int index = first_page; index <= last_page; ++index) {
        const float* values =
            load_page(spec.state, timelines_.page(span.slot, spec.state, index), task.head, true, block);
        PageView view{first_position, group, spec.window, index * kPageTokens};
        weigh_page(kernels, view, scores + (index - first_page) * kPageTokens, length, rows, values, state.v_dim,
                   mixed);
    }
}

// One tile of one head: its queries are scaled, and what comes of them is dealt to the rows of `out`.
void CpuOps::attend_task(const AttendSpec& spec, const AttendTask& task, Tensor q, const float* sinks, Tensor out,
                         int worker) {
    const Kernels& kernels = sums(q.dtype);
    const StateSpec& state = timelines_.spec(spec.state);
    const Span& span = *task.span;
    int group = spec.heads / state.heads, rows = task.queries * group;
    float* queries = scratch(worker, task_floats(spec, q.dtype, task));
    float* mixed = queries + static_cast<int64_t>(rows) * state.k_dim;
    float* room = mixed + static_cast<int64_t>(rows) * state.v_dim;

    // Row i·group + g is query i of head g. MLX rounds the scale and the scaled query to the query's format.
    float scale = round_to(q.dtype, spec.scale);
    for (int i = 0; i < task.queries; ++i) {
        const float* from = data(q) + static_cast<int64_t>(span.row + task.query + i) * q.cols +
                            static_cast<int64_t>(task.head) * group * state.k_dim;
        float* to = queries + static_cast<int64_t>(i) * group * state.k_dim;
        for (int d = 0; d < group * state.k_dim; ++d) to[d] = from[d] * scale;
    }
    kernels.round(q.dtype, queries, static_cast<int64_t>(rows) * state.k_dim);
    if (reads_pages(spec, q.dtype))
        attend_pages(spec, task, queries, sinks, mixed, room);
    else
        attend_whole(spec, task, q, queries, sinks, mixed, room);
    kernels.round(out.dtype, mixed, static_cast<int64_t>(rows) * state.v_dim);
    for (int row = 0; row < rows; ++row)
        std::copy_n(mixed + static_cast<int64_t>(row) * state.v_dim, state.v_dim,
                    data(out) + static_cast<int64_t>(span.row + task.query + row / group) * out.cols +
                        static_cast<int64_t>(task.head * group + row % group) * state.v_dim);
}

Tensor CpuOps::attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) {
    const StateSpec& state = timelines_.spec(spec.state);
    if (q.cols != spec.heads * state.k_dim || spec.heads % state.heads != 0)
        fail(FM_INTERNAL, "attention of ", spec.heads, " heads over ", state.heads, " gets ", q.cols, " features");
    Tensor out = make(q.rows, spec.heads * state.v_dim, q.dtype);
    const float* sinks = floats(spec.sinks);
    tasks_.clear();
    int64_t work = 0;
    if (k)
        for (const Span& span : layout_.all()) store_keys(spec, span, k, v);
    for (const Span& span : layout_.spans(q)) {
        int length =
            spec.window == 0 ? span.first + span.count : std::min(span.first + span.count, spec.window + kTileQueries);
        work += static_cast<int64_t>(length) * span.count * spec.heads * state.k_dim;
        int tile = reads_pages(spec, q.dtype) ? page_queries(spec) : whole_queries(length, spec.heads / state.heads);
        for (int head = 0; head < state.heads; ++head)  // a head's tiles find its keys in the last-level cache
            for (int query = 0; query < span.count; query += tile)
                tasks_.push_back({&span, head, query, std::min(tile, span.count - query)});
    }
    int count = static_cast<int>(tasks_.size());
    rows(count, work / std::max(1, count),
         [&](int task, int worker) { attend_task(spec, tasks_[static_cast<size_t>(task)], q, sinks, out, worker); });
    return out;
}

}  // namespace fastmlx
