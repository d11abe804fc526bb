#include <cstring>

#include "golden_device.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

class MlxDevice final : public GoldenDevice {
  public:
    explicit MlxDevice(std::vector<StateSpec> states)
        : timelines_(std::move(states), 1), ops_(parameters_, timelines_, false) {}

    Ops& ops() override { return ops_; }
    void begin(const Batch& batch) override {
        ops_.begin(batch, mx::array(batch.tokens.begin(), {static_cast<int>(batch.tokens.size())}, mx::int32));
    }
    void end() override { ops_.end(); }
    Tensor tensor(const std::vector<float>& values, int rows, DType dtype) override {
        mx::array all(values.begin(), {rows, static_cast<int>(values.size()) / rows}, mx::float32);
        return ops_.make(mx::astype(all, to_mlx(dtype)), rows);
    }
    std::vector<float> values(Tensor t) override { return floats(ops_.array(t)); }
    Chosen chosen(const Routing& routing) override {
        mx::array experts = mx::contiguous(mx::astype(MlxOps::value(routing.experts), mx::int32));
        mx::eval(experts);
        const auto* ids = experts.data<int32_t>();
        return {{ids, ids + experts.size()}, floats(MlxOps::value(routing.weights))};
    }
    void set_state(const std::vector<float>& values) override {
        timelines_.load(0, 1, reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float));
    }
    std::vector<float> state() override {
        std::vector<float> out(static_cast<size_t>(timelines_.spec(0).floats));
        timelines_.save(0, reinterpret_cast<uint8_t*>(out.data()));
        return out;
    }
    Tensor softplus(Tensor x) override {  // as gated_delta and ssm have it
        mx::array in = ops_.array(x);
        return ops_.make(mx::logaddexp(in, scalar(0, in.dtype())), x.rows);
    }

  private:
    static std::vector<float> floats(const mx::array& a) {
        mx::array flat = mx::contiguous(mx::astype(a, mx::float32));
        mx::eval(flat);
        return {flat.data<float>(), flat.data<float>() + flat.size()};
    }

    Parameters parameters_;
    MlxTimelines timelines_;
    MlxOps ops_;
};

}  // namespace

MakeDevice mlx_device() {
    return [](std::vector<StateSpec> states) -> std::unique_ptr<GoldenDevice> {
        return std::make_unique<MlxDevice>(std::move(states));
    };
}

}  // namespace fastmlx
