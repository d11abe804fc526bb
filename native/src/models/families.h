#pragma once
#include <memory>

#include "engine/graph.h"

namespace fastmlx {

std::unique_ptr<Graph> load_cohere2(const Loader& loader);
std::unique_ptr<Graph> load_deepseek_v2(const Loader& loader);
std::unique_ptr<Graph> load_deepseek_v3(const Loader& loader);
std::unique_ptr<Graph> load_gemma3(const Loader& loader);
std::unique_ptr<Graph> load_gemma3_text(const Loader& loader);
std::unique_ptr<Graph> load_gemma4(const Loader& loader);
std::unique_ptr<Graph> load_gemma4_text(const Loader& loader);
std::unique_ptr<Graph> load_glm4_moe(const Loader& loader);
std::unique_ptr<Graph> load_glm4_moe_lite(const Loader& loader);
std::unique_ptr<Graph> load_gpt_oss(const Loader& loader);
std::unique_ptr<Graph> load_granite(const Loader& loader);
std::unique_ptr<Graph> load_granitemoehybrid(const Loader& loader);
std::unique_ptr<Graph> load_kimi_k25(const Loader& loader);
std::unique_ptr<Graph> load_lfm2(const Loader& loader);
std::unique_ptr<Graph> load_llama(const Loader& loader);
std::unique_ptr<Graph> load_mimo_v2_flash(const Loader& loader);
std::unique_ptr<Graph> load_minimax(const Loader& loader);
std::unique_ptr<Graph> load_ministral3(const Loader& loader);
std::unique_ptr<Graph> load_mistral3(const Loader& loader);
std::unique_ptr<Graph> load_nemotron_h(const Loader& loader);
std::unique_ptr<Graph> load_olmo3(const Loader& loader);
std::unique_ptr<Graph> load_phi3(const Loader& loader);
std::unique_ptr<Graph> load_qwen2(const Loader& loader);
std::unique_ptr<Graph> load_qwen3(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_5(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_moe(const Loader& loader);
std::unique_ptr<Graph> load_qwen3_next(const Loader& loader);
std::unique_ptr<Graph> load_seed_oss(const Loader& loader);
std::unique_ptr<Graph> load_smollm3(const Loader& loader);

}  // namespace fastmlx
