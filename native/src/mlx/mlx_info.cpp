#include <mlx/mlx.h>

#include <cstring>
#include <variant>

#include "engine/model.h"

namespace fastmlx {

namespace mx = mlx::core;

namespace {

using Facts = std::unordered_map<std::string, std::variant<std::string, size_t>>;

uint64_t size_in(const Facts& facts, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        auto found = facts.find(name);
        if (found == facts.end()) continue;
        if (const size_t* value = std::get_if<size_t>(&found->second)) return *value;
    }
    return 0;
}

}  // namespace

void describe_mlx(fm_backend_info& out) {
    mx::Device device = mlx_has_gpu() ? mx::Device::gpu : mx::Device::cpu;
    const Facts& facts = mx::device_info(device);
    out.mlx = 1;
    out.mlx_gpu = device == mx::Device::gpu ? 1 : 0;
    std::strncpy(out.mlx_version, mx::version(), sizeof out.mlx_version - 1);
    if (auto name = facts.find("device_name"); name != facts.end())
        if (const auto* text = std::get_if<std::string>(&name->second))
            std::strncpy(out.device, text->c_str(), sizeof out.device - 1);
    out.memory_bytes = size_in(facts, {"memory_size", "total_memory"});
    out.working_set_bytes = size_in(facts, {"max_recommended_working_set_size"});
    out.limit_bytes = mx::get_memory_limit();
    out.active_bytes = mx::get_active_memory();
    out.cached_bytes = mx::get_cache_memory();
}

void use_metallib(const std::string& path) { mx::metal::set_metallib_path(path); }

}  // namespace fastmlx
