#include "cpu/pool.h"

#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastmlx {
namespace {

constexpr int kSpins = 4000;  // some microseconds: the gap between two operations of a step

void pause_briefly() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

Pool::Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

Pool::~Pool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_.store(true, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Pool::take(int worker) {
    try {
        for (int64_t task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < count_;)
            call_(context_, task, worker);
    } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        error_ = std::current_exception();
    }
}

void Pool::share(int64_t count, Call call, void* context) {
    call_ = call;
    context_ = context;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
        std::lock_guard<std::mutex> lock(mutex_);  // so that a worker about to sleep sees the new round
        round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take(0);
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
        if (spin < kSpins)
            pause_briefly();
        else
            std::this_thread::yield();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Pool::work(int worker) {
    uint64_t seen = 0;
    while (true) {
        for (int spin = 0; spin < kSpins && round_.load(std::memory_order_acquire) == seen; ++spin) pause_briefly();
        if (round_.load(std::memory_order_acquire) == seen) {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
        }
        ++seen;  // one round at a time: share() waits for every worker before it starts another
        if (stop_.load(std::memory_order_relaxed)) return;
        take(worker);
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

}  // namespace fastmlx
