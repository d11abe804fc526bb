#include "weights/sharding.h"

#include <algorithm>
#include <initializer_list>

#include "engine/failure.h"

namespace fastmlx {
namespace {

// kDefaults: heads and head_dim follow from each other as in Llama, so that what config.json leaves out is known.
// kExplicit: the class has defaults of its own, so all must be there. kLatent: one latent key for all heads.
enum class Heads : uint8_t { kDefaults, kExplicit, kLatent };

struct Splittable {
    const char* model_type;
    Heads heads;
};

// Families whose layers are attention by heads, gated MLPs and experts. Not here: norms over all heads (olmo3,
// minimax), fused projections (phi3), recurrent layers and the rest that nobody has looked through yet.
constexpr Splittable kFamilies[] = {
    {"cohere2", Heads::kDefaults},     {"deepseek_v2", Heads::kLatent},     {"deepseek_v3", Heads::kLatent},
    {"gemma3", Heads::kExplicit},      {"gemma3_text", Heads::kExplicit},   {"glm4_moe", Heads::kDefaults},
    {"glm4_moe_lite", Heads::kLatent}, {"gpt_oss", Heads::kDefaults},       {"granite", Heads::kDefaults},
    {"iquestcoder", Heads::kDefaults}, {"joyai_llm_flash", Heads::kLatent}, {"kimi_k2", Heads::kLatent},
    {"llama", Heads::kDefaults},       {"ministral3", Heads::kDefaults},    {"mistral", Heads::kDefaults},
    {"mistral3", Heads::kDefaults},    {"qwen2", Heads::kDefaults},         {"qwen3", Heads::kDefaults},
    {"qwen3_moe", Heads::kDefaults},   {"seed_oss", Heads::kDefaults},      {"smollm3", Heads::kDefaults},
};

std::string splittable_families() {
    std::string list;
    for (const Splittable& family : kFamilies) list += (list.empty() ? "" : ", ") + std::string(family.model_type);
    return list;
}

int64_t size_of(const Json& config, const char* key) {  // 0 where it is absent
    const Json* found = config.find(key);
    return found != nullptr && found->is_integer() && found->integer() > 0 ? found->integer() : 0;
}

void divide(Json& config, const char* key, int parts) {
    int64_t size = size_of(config, key);
    if (size == 0) return;
    if (size % parts != 0) fail(FM_UNSUPPORTED, "config.json: '", key, "' of ", size, " cannot be split in ", parts);
    config.set(key, size / parts);
}

void split_heads(Json& config, Heads kind, int parts) {
    int64_t heads = size_of(config, "num_attention_heads"), keys = size_of(config, "num_key_value_heads");
    if (heads == 0) return;
    if (kind == Heads::kExplicit && (keys == 0 || size_of(config, "head_dim") == 0))
        fail(FM_UNSUPPORTED, "config.json leaves out numbers of heads, so they cannot be split");
    if (kind == Heads::kDefaults && size_of(config, "head_dim") == 0)
        config.set("head_dim", size_of(config, "hidden_size") / heads);
    if (keys == 0) keys = heads;
    divide(config, "num_attention_heads", parts);
    // Fewer key heads than parts: several parts hold the same one.
    if (keys % parts != 0 && parts % keys != 0)
        fail(FM_UNSUPPORTED, "config.json: 'num_key_value_heads' of ", keys, " cannot be split in ", parts);
    config.set("num_key_value_heads", std::max<int64_t>(1, keys / parts));
}

void split(Json& config, Heads kind, int parts) {
    split_heads(config, kind, parts);
    for (const char* key : {"intermediate_size", "moe_intermediate_size"}) divide(config, key, parts);
}

}  // namespace

void shard_config(Json& config, const std::string& model_type, const Shard& shard) {
    if (!shard) return;
    const auto* family = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                      [&](const Splittable& one) { return model_type == one.model_type; });
    if (family == std::end(kFamilies))
        fail(FM_UNSUPPORTED, "models of type '", model_type,
             "' cannot be split over several processes; these can: ", splittable_families());
    split(config, family->heads, shard.size);
    if (Json* text = config.find("text_config"); text != nullptr && text->is_object())
        split(*text, family->heads, shard.size);
}

}  // namespace fastmlx
