#include "models/families.h"

namespace fastmlx {
namespace {

// One line per model_type; a type that is another's graph points to its function.
constexpr Family kFamilies[] = {
    {"glm4_moe", load_glm4_moe},
    {"deepseek_v3", load_deepseek_v3},
    {"glm4_moe_lite", load_glm4_moe_lite},
    {"iquestcoder", load_llama},
    {"joyai_llm_flash", load_deepseek_v3},
    {"kimi_k2", load_deepseek_v3},
    {"llama", load_llama},
    {"mistral", load_llama},
    {"qwen2", load_qwen2},
    {"qwen3", load_qwen3},
    {"qwen3_5", load_qwen3_5},
    {"qwen3_5_moe", load_qwen3_5},
    {"qwen3_moe", load_qwen3_moe},
    {"qwen3_next", load_qwen3_next},
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
