// How fast this core multiplies and adds when nothing else is in the way. Built once per width: -DPEAK_NAME, -m...
#include <algorithm>
#include <ctime>

namespace {

typedef float Lanes __attribute__((vector_size(PEAK_BYTES)));

double cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

double PEAK_NAME() {
    constexpr int kSums = 10, kSteps = 2000000;
    double best = 0;
    for (int round = 0; round < 7; ++round) {
        Lanes sums[kSums], zero = {}, factor = zero + 0.999f, step = zero + 0.001f;
        for (int s = 0; s < kSums; ++s) sums[s] = zero + static_cast<float>(s);  // or the compiler would keep one
        double start = cpu();
        for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 10
            for (int s = 0; s < kSums; ++s) sums[s] = sums[s] * factor + step;  // contracted
        }
        double seconds = cpu() - start;
        float total = 0;
        for (const Lanes& sum : sums) total += sum[0];
        if (total > 0) best = std::max(best, 2.0 * kSums * kSteps * (PEAK_BYTES / 4) / seconds / 1e9);
    }
    return best;
}
