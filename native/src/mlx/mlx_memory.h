#pragma once
#include <cstdint>

namespace fastmlx {

// MLX's limits, set from the machine when a model is opened.
class MlxLimits {
  public:
    explicit MlxLimits(uint64_t weight_bytes);  // FM_NO_MEMORY where the weights cannot fit
    void admit(uint64_t bytes) const;           // FM_NO_MEMORY where as much more cannot fit

  private:
    uint64_t most_ = 0;  // bytes that MLX may use
};

}  // namespace fastmlx
