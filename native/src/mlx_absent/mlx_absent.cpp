#include "engine/failure.h"
#include "engine/model.h"

namespace fastmlx {

// The MLX backend of a build without MLX: the same symbols, chosen by CMake.
bool mlx_has_gpu() { return false; }

void describe_mlx(fm_backend_info&) {}

void use_metallib(const std::string&) {}

namespace {

[[noreturn]] void refuse() {
    fail(FM_UNSUPPORTED, "this build has no MLX backend; docs/MLX.md says how to build with it");
}

}  // namespace

std::unique_ptr<Model> open_mlx_model(const std::string&, const fm_model_options&) { refuse(); }

std::unique_ptr<Model> open_group_model(const std::string&, const fm_model_options&) { refuse(); }

void join_group(int&, int&) { refuse(); }

}  // namespace fastmlx
