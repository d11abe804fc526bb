#include "golden_device.h"

namespace fastmlx {

MakeDevice mlx_device() { return nullptr; }

}  // namespace fastmlx
