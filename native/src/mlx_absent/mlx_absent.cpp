#include "engine/failure.h"
#include "engine/model.h"

namespace fastmlx {

// The MLX backend of a build without MLX: the same symbols, chosen by CMake.
bool mlx_has_gpu() { return false; }

void describe_mlx(fm_backend_info&) {}

void use_metallib(const std::string&) {}

std::unique_ptr<Model> open_mlx_model(const std::string&, const fm_model_options&) {
    fail(FM_UNSUPPORTED, "this build has no MLX backend; docs/MLX.md says how to build with it");
}

}  // namespace fastmlx
