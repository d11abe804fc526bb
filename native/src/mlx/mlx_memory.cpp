#include "mlx/mlx_memory.h"

#include <mlx/mlx.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <variant>

#include "engine/failure.h"
#include "engine/model.h"

namespace fastmlx {

namespace mx = mlx::core;

namespace {

// What a GPU may keep resident; 0 where there is none or it does not say.
uint64_t working_set() {
    if (!mlx_has_gpu()) return 0;
    const auto& facts = mx::device_info(mx::Device::gpu);
    auto found = facts.find("max_recommended_working_set_size");
    if (found == facts.end()) return 0;
    const size_t* bytes = std::get_if<size_t>(&found->second);
    return bytes == nullptr ? 0 : *bytes;
}

// Without a GPU MLX has no cache of its own: each array is a malloc, and glibc gives large ones back to the system at
// once, which then clears the pages of the next. A fifth of a prompt's time went there. Sizes that it keeps instead:
void keep_freed_memory() {
#if defined(__GLIBC__)
    constexpr int kKept = 32 << 20, kKeptTogether = 512 << 20;  // bytes; 32 MB is the most that glibc takes
    mallopt(M_MMAP_THRESHOLD, kKept);
    mallopt(M_TRIM_THRESHOLD, kKeptTogether);
#endif
}

}  // namespace

MlxLimits::MlxLimits(uint64_t weight_bytes) : most_(mx::get_memory_limit()) {
    if (uint64_t resident = working_set(); resident > 0) {
        most_ = resident;
        mx::set_memory_limit(resident);
        mx::set_cache_limit(resident / 8);  // freed buffers that MLX keeps beside what is in use
        mx::set_wired_limit(resident);
    } else {
        keep_freed_memory();
    }
    uint64_t used = mx::get_active_memory();
    if (used + weight_bytes > most_)
        fail(FM_NO_MEMORY, "the weights need ", weight_bytes, " bytes beside the ", used, " in use; MLX may use ",
             most_, " on this machine");
}

void MlxLimits::admit(uint64_t bytes) const {
    uint64_t used = mx::get_active_memory();
    if (used + bytes <= most_) return;
    fail(FM_NO_MEMORY, "this step may need ", bytes, " bytes beside the ", used, " in use; MLX may use ", most_,
         " on this machine");
}

}  // namespace fastmlx
