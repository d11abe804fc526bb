#pragma once
#include <memory>

#include "engine/graph.h"

namespace fastmlx {

std::unique_ptr<Graph> load_deepseek_v3(const Loader& loader);
std::unique_ptr<Graph> load_glm4_moe_lite(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_5(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_next(const Loader& loader);
std::unique_ptr<Graph> load_glm4_moe(const Loader& loader);
std::unique_ptr<Graph> load_llama(const Loader& loader);
std::unique_ptr<Graph> load_qwen2(const Loader& loader);
std::unique_ptr<Graph> load_qwen3(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_moe(const Loader& loader);

}  // namespace fastmlx
