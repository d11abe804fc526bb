#include <algorithm>

#include "cpu/ops.h"
#include "cpu/scalar.h"
#include "golden_device.h"

namespace fastmlx {
namespace {

class CpuDevice final : public GoldenDevice {
  public:
    explicit CpuDevice(std::vector<StateSpec> states)
        : timelines_(std::move(states), 1), ops_(best_kernels(), 1, true, timelines_) {}

    Ops& ops() override { return ops_; }
    void begin(const Batch& batch) override { ops_.begin(batch); }
    void end() override { ops_.end(); }
    Tensor tensor(const std::vector<float>& values, int rows, DType dtype) override {
        Tensor t = ops_.make(rows, static_cast<int>(values.size()) / rows, dtype);
        std::copy(values.begin(), values.end(), CpuOps::data(t));
        return t;
    }
    std::vector<float> values(Tensor t) override {
        return {CpuOps::data(t), CpuOps::data(t) + static_cast<int64_t>(t.rows) * t.cols};
    }
    Chosen chosen(const Routing& routing) override {
        int count = routing.rows * routing.top_k;
        const auto* experts = static_cast<const int32_t*>(routing.experts);
        const auto* weights = static_cast<const float*>(routing.weights);
        return {{experts, experts + count}, {weights, weights + count}};
    }
    void set_state(const std::vector<float>& values) override {
        std::copy(values.begin(), values.end(), timelines_.recurrent(0, 0));
    }
    std::vector<float> state() override {
        const float* from = timelines_.recurrent(0, 0);
        return {from, from + timelines_.spec(0).floats};
    }
    Tensor softplus(Tensor x) override {
        std::vector<float> y = values(x);
        for (float& value : y) value = softplus_of(x.dtype, value);
        return tensor(y, x.rows, x.dtype);
    }

  private:
    Timelines timelines_;
    CpuOps ops_;
};

}  // namespace

std::unique_ptr<GoldenDevice> cpu_device(std::vector<StateSpec> states) {
    return std::make_unique<CpuDevice>(std::move(states));
}

}  // namespace fastmlx
