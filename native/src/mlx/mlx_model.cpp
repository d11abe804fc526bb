#include <mlx/mlx.h>

#include "engine/failure.h"
#include "engine/model.h"

namespace fastmlx {

namespace mx = mlx::core;

bool mlx_has_gpu() { return mx::is_available(mx::Device::gpu); }

std::unique_ptr<Model> open_mlx_model(const std::string&, const fm_model_options&) {
    fail(FM_UNSUPPORTED, "the MLX backend of this build (MLX ", mx::version(), ") opens no models yet");
}

}  // namespace fastmlx
