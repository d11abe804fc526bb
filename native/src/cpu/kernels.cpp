#include "cpu/kernels.h"

#include <cstring>

#include "engine/failure.h"

namespace fastmlx {

int all_kernels(const Kernels** out, int capacity) {
    int count = 0;
    auto add = [&](const Kernels* table) {
        if (table != nullptr && count < capacity) out[count++] = table;
    };
    add(&plain_kernels());
#if defined(__x86_64__)
    add(avx2_kernels());
    add(avx512_kernels());
    add(avx512bf16_kernels());
#elif defined(__aarch64__)
    add(neon_kernels());
#endif
    return count;
}

const Kernels& best_kernels() {
    const Kernels* tables[8];
    return *tables[all_kernels(tables, 8) - 1];
}

const Kernels& pick_kernels(int set) {
    static constexpr const char* kNames[] = {"", "plain", "avx2", "avx512", "neon", "avx512bf16"};
    if (set == 0) return best_kernels();
    if (set < 0 || set > 5) fail(FM_INVALID, "there is no set of kernels ", set);
    const Kernels* tables[8];
    for (int i = 0, count = all_kernels(tables, 8); i < count; ++i)
        if (std::strcmp(tables[i]->name, kNames[set]) == 0) return *tables[i];
    fail(FM_UNSUPPORTED, "this machine has no ", kNames[set]);
}

}  // namespace fastmlx
