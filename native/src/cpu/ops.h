#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "cpu/arena.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"
#include "cpu/state.h"
#include "engine/layout.h"
#include "engine/ops.h"

namespace fastmlx {

// Eager operations over a per-step arena. A Tensor's handle is a float32 matrix, its rows one after the other; values
// are rounded to the tensor's format after every operation, as MLX does.
class CpuOps final : public Ops {
  public:
    CpuOps(const Kernels& kernels, int threads, bool rounded, Timelines& timelines);

    // Forgets the last step's tensors. `everything`: all rows are wanted.
    void begin(const Batch& batch, bool everything = false);
    void end();  // moves the timelines on
    const Layout& layout() const { return layout_; }
    uint64_t scratch_bytes() const;
    Tensor pick_rows(Tensor x, const std::vector<int>& rows);
    Tensor make(int rows, int cols, DType dtype);
    static float* data(Tensor x) { return static_cast<float*>(x.handle); }

    void keep(std::initializer_list<Tensor*> live) override;
    Tensor wanted(Tensor x) override;
    Tensor embed(const Weight& table) override;
    Tensor linear(Tensor x, const Linear& weight) override;
    Tensor rms_norm(Tensor x, const Vector& weight, const NormSpec& spec) override;
    Tensor layer_norm(Tensor x, const Vector& weight, const Vector& bias, float eps) override;
    Tensor rms_norm_gated(Tensor x, Tensor gate, const Vector& weight, const NormSpec& spec) override;
    Tensor rope(Tensor x, int head_dim, const Rope& rope) override;
    Tensor attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) override;
    Tensor attend_latent(Tensor q, Tensor turned_q, Tensor latent, Tensor turned_k, const LatentSpec& spec) override;
    Tensor activate(Activation kind, Tensor gate, Tensor up) override;
    Tensor silu(Tensor x) override;
    Tensor gelu(Tensor x) override;
    Tensor sigmoid(Tensor x) override;
    Tensor softcap(Tensor x, float cap) override;
    Tensor add(Tensor a, Tensor b) override;
    Tensor multiply(Tensor a, Tensor b) override;
    Tensor multiply(Tensor a, const Vector& b) override;
    Tensor scale(Tensor a, double factor) override;
    Tensor divide(Tensor a, double divisor) override;
    Tensor clip(Tensor a, float bound) override;
    Tensor scale_by_position(Tensor a, float beta, int length) override;
    Tensor cast(Tensor a, DType dtype) override;
    Tensor columns(Tensor x, int groups, int first, int count) override;
    Tensor concat(Tensor a, Tensor b, int groups) override;
    Routing route(Tensor logits, const RouterSpec& spec) override;
    Tensor experts(Tensor x, const Routing& routing, const ExpertWeights& weights) override;
    Tensor conv1d(Tensor x, const ConvSpec& spec) override;
    Tensor gated_delta(Tensor q, Tensor k, Tensor v, Tensor a, Tensor b, const DeltaSpec& spec) override;
    Tensor ssm(Tensor x, Tensor b, Tensor c, Tensor dt, const SsmSpec& spec) override;

  private:
    struct AttendTask {
        const Span* span;
        int head, query, queries;  // key-value head; queries [query, query + queries) of the span
    };

    struct PageView {  // which keys of a page, counted from its start, row r of a tile sees: [from, to)
        int first_position, group, window, start;
        int from(int row) const {
            int position = first_position + row / group;
            return window == 0 ? 0 : std::clamp(position - window + 1 - start, 0, kPageTokens);
        }
        int to(int row) const { return std::clamp(first_position + row / group + 1 - start, 0, kPageTokens); }
    };
    struct Angles {  // one kind of rope at some rows' positions
        Rope rope;
        DType dtype;
        const std::vector<int32_t>* positions;
        const float* table;
    };
    const float* angles(const Rope& rope, Tensor x);
    float* scratch(int worker, int64_t floats);
    const float* floats(const Vector& vector);  // as float32, for this step
    // y[t] = x[t] · rows [first, first + rows) of one expert's matrix; at most 16 rows. No bias; `dtype` is the
    // format of the product where that is not yet rounded.
    // x as multiply_rows wants it for products with w that are rounded to `dtype`.
    Tensor arranged(Tensor x, const Weight& w, DType dtype);
    void multiply_rows(const float* x, int64_t x_stride, int tokens, const Weight& weight, int expert, int first,
                       int rows, DType dtype, float* y, int64_t y_stride, int worker);
    void multiply_rows_rounded(const float* x, int64_t x_stride, int tokens, const Weight& weight, int expert,
                               int first, int rows, DType dtype, float* y, int64_t y_stride, int worker);
    template <class Body>
    Tensor each(Tensor x, DType dtype, Body&& body);  // body(in, out, cols) per row
    template <class Body>
    void rows(int count, int64_t work_per_row, Body&& body);
    Tensor linear_heads(Tensor x, const Weight& weight);  // per head h: y[h] = x[h] · W[h]ᵀ
    void attend_expanded(const Span& span, Tensor q, Tensor turned_q, const LatentSpec& spec, Tensor out);
    void expand(const Weight& weight, int head, bool transposed, const float* x, int x_stride, int tokens, DType dtype,
                float* out);
    void store_keys(const AttendSpec& spec, const Span& span, Tensor k, Tensor v);
    void store_head(const AttendSpec& spec, const Span& span, int head, Tensor k, Tensor v);
    void score_latent(const AttendSpec& spec, DType dtype, const float* queries, int rows, const float* keys,
                      float* scores, int64_t length, float* tails);
    static void weigh_page(const Kernels& kernels, const PageView& view, const float* scores, int64_t length, int rows,
                           const float* values, int width, float* out);
    void attend_task(const AttendSpec& spec, const AttendTask& task, Tensor q, const float* sinks, Tensor out,
                     int worker);
    int64_t task_floats(const AttendSpec& spec, DType dtype, const AttendTask& task) const;
    // Whether attention in `dtype` can be read page by page, how many queries at a time, and one task of it: scaled
    // queries (queries · group, k_dim) to mixed (queries · group, v_dim).
    bool reads_pages(const AttendSpec& spec, DType dtype) const;
    int page_queries(const AttendSpec& spec) const;
    void attend_pages(const AttendSpec& spec, const AttendTask& task, const float* queries, const float* sinks,
                      float* mixed, float* room);
    void attend_whole(const AttendSpec& spec, const AttendTask& task, Tensor q, const float* queries,
                      const float* sinks, float* mixed, float* room);
    const float* load_page(int state, const Page* page, int head, bool values, float* out);
    Tensor expert_linear(Tensor x, bool gathered, const Routing& routing, const std::vector<int>& order,
                         const Linear& linear);
    void route_row(const float* logits, int count, const RouterSpec& spec, const float* bias, const float* expert_scale,
                   DType dtype, int32_t* chosen, float* weights);

    // Parity with MLX's CPU needs its order of sums too: one after the other.
    const Kernels& sums(DType dtype) const { return rounded_ && dtype != DType::kF32 ? plain_kernels() : kernels_; }

    const Kernels& kernels_;
    const bool rounded_;  // quantised products in MLX's CPU arithmetic, else summed in float32
    Pool pool_;
    Timelines& timelines_;
    Arena arena_, other_;                      // keep moves from one to the other
    Arena step_;                               // what lasts a whole step
    std::vector<std::vector<float>> scratch_;  // one per thread
    const Batch* batch_ = nullptr;
    Layout layout_;
    std::vector<AttendTask> tasks_;
    std::vector<Angles> angles_;
};

// Small steps cost more to share out than to do, and so do small tasks.
inline constexpr int64_t kShareWork = 32768;

template <class Body>
void CpuOps::rows(int count, int64_t work_per_row, Body&& body) {
    if (count * work_per_row < kShareWork) {
        for (int row = 0; row < count; ++row) body(row, 0);
        return;
    }
    int together = static_cast<int>(std::max<int64_t>(1, kShareWork / 2 / std::max<int64_t>(1, work_per_row)));
    pool_.run((count + together - 1) / together, [&](int64_t task, int worker) {
        int first = static_cast<int>(task) * together, end = std::min(count, first + together);
        for (int row = first; row < end; ++row) body(row, worker);
    });
}

template <class Body>
Tensor CpuOps::each(Tensor x, DType dtype, Body&& body) {
    Tensor y = make(x.rows, x.cols, dtype);
    rows(x.rows, x.cols * 8, [&](int row, int) {
        int64_t at = static_cast<int64_t>(row) * x.cols;
        body(data(x) + at, data(y) + at, x.cols);
    });
    return y;
}

}  // namespace fastmlx
