#include "models/families.h"

namespace fastmlx {
namespace {

// One line per model_type; a type that is another's graph points to its function.
constexpr Family kFamilies[] = {
    {"cohere2", load_cohere2},
    {"deepseek_v2", load_deepseek_v2},
    {"deepseek_v3", load_deepseek_v3},
    {"gemma3", load_gemma3},
    {"gemma3_text", load_gemma3_text},
    {"gemma4", load_gemma4},
    {"gemma4_text", load_gemma4_text},
    {"gemma4_unified", load_gemma4},
    {"glm4_moe", load_glm4_moe},
    {"glm4_moe_lite", load_glm4_moe_lite},
    {"gpt_oss", load_gpt_oss},
    {"granite", load_granite},
    {"granitemoehybrid", load_granitemoehybrid},
    {"iquestcoder", load_llama},
    {"joyai_llm_flash", load_deepseek_v3},
    {"kimi_k2", load_deepseek_v3},
    {"kimi_k25", load_kimi_k25},
    {"lfm2", load_lfm2},
    {"lfm2_moe", load_lfm2},
    {"llama", load_llama},
    {"mimo_v2_flash", load_mimo_v2_flash},
    {"minimax", load_minimax},
    {"minimax_m2", load_minimax},
    {"ministral3", load_ministral3},
    {"mistral", load_llama},
    {"mistral3", load_mistral3},
    {"nemotron_h", load_nemotron_h},
    {"olmo3", load_olmo3},
    {"phi3", load_phi3},
    {"qwen2", load_qwen2},
    {"qwen3", load_qwen3},
    {"qwen3_5", load_qwen3_5},
    {"qwen3_5_moe", load_qwen3_5},
    {"qwen3_5_moe_text", load_qwen3_5},
    {"qwen3_5_text", load_qwen3_5},
    {"qwen3_moe", load_qwen3_moe},
    {"qwen3_next", load_qwen3_next},
    {"seed_oss", load_seed_oss},
    {"smollm3", load_smollm3},
};

}  // namespace

const Family* find_family(const std::string& model_type) {
    for (const Family& family : kFamilies)
        if (model_type == family.model_type) return &family;
    return nullptr;
}

std::string known_families() {
    std::string list;
    for (const Family& family : kFamilies) list += (list.empty() ? "" : ", ") + std::string(family.model_type);
    return list;
}

}  // namespace fastmlx
