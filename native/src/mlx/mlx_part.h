#pragma once
#include <memory>
#include <string>

#include "engine/model.h"
#include "mlx/group.h"

namespace fastmlx {

// A model on MLX; with a group, this process's part of one.
std::unique_ptr<Model> open_mlx_part(const std::string& folder, const fm_model_options& options, const Group* group);

}  // namespace fastmlx
