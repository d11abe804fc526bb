#include "cpu/measure.h"

#include <algorithm>

namespace fastmlx {
namespace {

// Shapes and sizes only. What each method counts is what CpuOps takes from its arena for the same call, but for the
// vectors, which are small.
class Measure final : public Ops {
  public:
    explicit Measure(int tokens) : tokens_(tokens) {}
    uint64_t most() const { return std::max(most_, bytes_); }
    Tensor make(int64_t rows, int64_t cols, DType dtype) {
        bytes_ += static_cast<uint64_t>(rows) * static_cast<uint64_t>(cols) * sizeof(float);
        return {this, static_cast<int>(rows), static_cast<int>(cols), dtype};
    }

    void keep(std::initializer_list<Tensor*> live) override {
        most_ = most();
        bytes_ = 0;
        for (Tensor* tensor : live)
            if (*tensor) *tensor = like(*tensor);
    }
    Tensor wanted(Tensor x) override { return like(x); }
    Tensor embed(const Weight& table) override { return make(tokens_, table.cols, table.dtype); }
    Tensor linear(Tensor x, const Linear& linear) override {
        like(x);  // dealt to lanes
        return make(x.rows, linear.weight.rows, x.dtype);
    }
    Tensor rms_norm(Tensor x, const Vector&, const NormSpec&) override { return like(x); }
    Tensor layer_norm(Tensor x, const Vector&, const Vector&, float) override { return like(x); }
    Tensor rms_norm_gated(Tensor x, Tensor, const Vector&, const NormSpec&) override { return like(x); }
    Tensor rope(Tensor x, int, const Rope& rope) override {
        if (rope.dims == 0) return x;
        make(x.rows, rope.dims, DType::kF32);
        return like(x);
    }
    Tensor attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) override {
        if (!v) return like(q);  // as wide as its queries: what shares a state has values of the keys' width
        int64_t k_dim = q.cols / spec.heads, kv_heads = k.cols / k_dim;
        return make(q.rows, v.cols / kv_heads * spec.heads, q.dtype);
    }
    Tensor attend_latent(Tensor q, Tensor, Tensor, Tensor, const LatentSpec& spec) override {
        make(q.rows, static_cast<int64_t>(spec.heads) * (spec.latent + spec.turning), q.dtype);
        make(q.rows, static_cast<int64_t>(spec.heads) * spec.latent, q.dtype);
        return make(q.rows, static_cast<int64_t>(spec.heads) * spec.values, q.dtype);
    }
    Tensor activate(Activation, Tensor gate, Tensor) override { return like(gate); }
    Tensor silu(Tensor x) override { return like(x); }
    Tensor gelu(Tensor x) override { return like(x); }
    Tensor sigmoid(Tensor x) override { return like(x); }
    Tensor softcap(Tensor x, float) override { return like(x); }
    Tensor add(Tensor a, Tensor) override { return like(a); }
    Tensor multiply(Tensor a, Tensor) override { return like(a); }
    Tensor multiply(Tensor a, const Vector&) override { return like(a); }
    Tensor scale(Tensor a, double) override { return like(a); }
    Tensor divide(Tensor a, double) override { return like(a); }
    Tensor clip(Tensor a, float) override { return like(a); }
    Tensor scale_by_position(Tensor a, float, int) override { return like(a); }
    Tensor cast(Tensor a, DType dtype) override { return make(a.rows, a.cols, dtype); }
    Tensor columns(Tensor x, int groups, int, int count) override {
        return make(x.rows, static_cast<int64_t>(groups) * count, x.dtype);
    }
    Tensor concat(Tensor a, Tensor b, int) override {
        return make(a.rows, static_cast<int64_t>(a.cols) + b.cols, a.dtype);
    }
    Routing route(Tensor logits, const RouterSpec& spec) override {
        make(logits.rows, 2 * static_cast<int64_t>(spec.top_k), DType::kF32);
        return {nullptr, nullptr, logits.rows, spec.top_k, logits.dtype};
    }
    Tensor experts(Tensor x, const Routing& routing, const ExpertWeights& weights) override {
        int64_t pairs = static_cast<int64_t>(routing.rows) * routing.top_k;
        int64_t inner = weights.up.weight.rows, gated = weights.gate ? 1 : 0;
        make(pairs, 2 * x.cols * (1 + gated) + inner * (3 + gated) + weights.down.weight.rows,
             x.dtype);  // twice: dealt
        return make(x.rows, weights.down.weight.rows, x.dtype);
    }
    Tensor conv1d(Tensor x, const ConvSpec&) override { return like(x); }
    Tensor gated_delta(Tensor, Tensor, Tensor v, Tensor, Tensor, const DeltaSpec&) override { return like(v); }
    Tensor ssm(Tensor x, Tensor, Tensor, Tensor, const SsmSpec&) override { return like(x); }

  private:
    Tensor like(Tensor x) { return make(x.rows, x.cols, x.dtype); }

    int tokens_;
    uint64_t bytes_ = 0, most_ = 0;
};

}  // namespace

uint64_t measure_scratch(const Graph& graph, int tokens, int sampled) {
    Measure measure(tokens);
    Tensor hidden = graph.hidden(measure);
    graph.logits(measure, measure.make(sampled, hidden.cols, hidden.dtype));
    return 2 * measure.most();  // the engine fills two arenas in turn
}

}  // namespace fastmlx
