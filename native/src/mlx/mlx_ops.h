#pragma once
#include <deque>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "engine/layout.h"
#include "mlx/mlx_arrays.h"
#include "mlx/mlx_timelines.h"

namespace fastmlx {

class Group;

// Operations as nodes of MLX's lazy graph. A Tensor's handle is one array of the step: its rows first, (rows, …), whose
// other axes are the columns in order; or the heads first, (1, heads, rows, features), as attention and rope have it.
class MlxOps final : public Ops {
  public:
    // `group`: of the processes that hold the other parts of the model; null where this one has it whole.
    MlxOps(Parameters& parameters, MlxTimelines& timelines, bool fuse, const Group* group = nullptr)
        : parameters_(parameters), timelines_(timelines), fuse_(fuse), group_(group) {}

    void begin(const Batch& batch, mx::array tokens, bool everything = false);  // `everything`: all rows are wanted
    const Layout& layout() const { return layout_; }
    void end();     // moves the timelines on
    void forget();  // lets go of every array of the step, so that MLX may reuse their memory
    Tensor pick_rows(Tensor x, const std::vector<int>& rows);
    mx::array array(Tensor x) const;  // (rows, cols)
    Tensor make(mx::array value, int rows);
    static const mx::array& value(const void* handle) { return static_cast<const Node*>(handle)->value; }

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
    struct Node {
        mx::array value;
        bool heads_first;
    };
    struct Mask {  // (queries, keys): which of a window's keys each query sees
        int queries, keys, window;
        mx::array value;
    };

    static const Node& node(Tensor x) { return *static_cast<const Node*>(x.handle); }
    Tensor make_heads(mx::array value);  // (1, heads, rows, features)
    Tensor like(Tensor x, mx::array value) { return make(std::move(value), x.rows); }
    mx::array grouped(Tensor x, int groups) const;                      // (rows, groups, cols / groups)
    mx::array heads(Tensor x, int count) const;                         // (1, heads, rows, features), of all rows
    mx::array heads(Tensor x, int count, const Span& span) const;       // of one span
    mx::array span_rows(Tensor x, int groups, const Span& span) const;  // (1, tokens, groups, features)
    Tensor join(std::vector<mx::array> spans, bool heads_first);  // (1, heads, tokens, …) or (1, tokens, …) each
    const mx::array& positions(Tensor x);                         // (rows)
    static mx::array turn_by_table(const mx::array& x, const Rope& rope, const std::vector<int32_t>& positions);
    mx::array window_mask(int queries, int keys, int window);
    mx::array attend_span(const mx::array& q, const MlxTimelines::View& view, const AttendSpec& spec, int count);
    mx::array latent_span(const Span& span, Tensor q, Tensor turned_q, const LatentSpec& spec);
    mx::array expert_linear(const mx::array& x, const mx::array& experts, bool sorted, const Linear& linear);
    mx::array activated(Activation kind, const mx::array& gate, const mx::array& up) const;

    mx::array add_parts(const mx::array& part) const;

    Parameters& parameters_;
    MlxTimelines& timelines_;
    const bool fuse_;  // compile elementwise runs: only where MLX needs no C++ compiler for it, on a GPU
    const Group* const group_;
    const Batch* batch_ = nullptr;
    std::optional<mx::array> tokens_, positions_, wanted_positions_;
    Layout layout_;
    std::vector<Mask> masks_;
    std::deque<Node> nodes_;
};

}  // namespace fastmlx
