#pragma once
#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/ops.h"

namespace fastmlx {

// A backend's operations over one timeline, slot 0, as the goldens need them: values in, values out.
class GoldenDevice {
  public:
    struct Chosen {  // (rows, top_k) each
        std::vector<int32_t> experts;
        std::vector<float> weights;
    };

    virtual ~GoldenDevice() = default;
    virtual Ops& ops() = 0;
    virtual void begin(const Batch& batch) = 0;
    virtual void end() = 0;
    virtual Tensor tensor(const std::vector<float>& values, int rows, DType dtype) = 0;
    virtual std::vector<float> values(Tensor t) = 0;
    virtual Chosen chosen(const Routing& routing) = 0;
    virtual void set_state(const std::vector<float>& values) = 0;  // the recurrent state 0, before the first step
    virtual std::vector<float> state() = 0;
    virtual Tensor softplus(Tensor x) = 0;
};

using MakeDevice = std::unique_ptr<GoldenDevice> (*)(std::vector<StateSpec> states);

std::unique_ptr<GoldenDevice> cpu_device(std::vector<StateSpec> states);
MakeDevice mlx_device();  // nullptr where this build has no MLX

}  // namespace fastmlx
