#include "cpu/pool.h"

#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastmlx {
namespace {

constexpr int kSpins = 1000;  // some 20 microseconds: the gap between two operations of a step

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
        state_.store(kStop);
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

// The caller works too and closes the round when no task is left: it waits for workers that joined, never for one that
// the system has not scheduled yet. So a loaded machine costs speed-up, not time.
void Pool::share(int64_t count, Call call, void* context) {
    call_ = call;
    context_ = context;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    uint64_t round = (state_.load(std::memory_order_relaxed) & ~(kOpen | kJoined)) + kRound;
    // With `sleepers_` sequentially consistent on both sides: either the sleeper sees this round or we see the sleeper.
    state_.store(round | kOpen);
    if (sleepers_.load() > 0) {
        { std::lock_guard<std::mutex> lock(mutex_); }
        wake_.notify_all();
    }
    take(0);
    state_.fetch_and(~kOpen, std::memory_order_acquire);
    for (int spin = 0; (state_.load(std::memory_order_acquire) & kJoined) != 0; ++spin) {
        if (spin < kSpins)
            pause_briefly();
        else
            std::this_thread::yield();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Pool::work(int worker) {
    uint64_t seen = 0;
    auto fresh = [&](uint64_t state) {
        return state == kStop || ((state & kOpen) != 0 && (state & ~(kOpen | kJoined)) != seen);
    };
    while (true) {
        uint64_t state = state_.load(std::memory_order_acquire);
        for (int spin = 0; spin < kSpins && !fresh(state); ++spin) {
            pause_briefly();
            state = state_.load(std::memory_order_acquire);
        }
        if (!fresh(state)) {
            std::unique_lock<std::mutex> lock(mutex_);
            sleepers_.fetch_add(1);
            wake_.wait(lock, [&] { return fresh(state = state_.load()); });
            sleepers_.fetch_sub(1);
        }
        if (state == kStop) return;
        if (!state_.compare_exchange_strong(state, state + 1, std::memory_order_acq_rel)) continue;
        seen = state & ~(kOpen | kJoined);
        take(worker);
        state_.fetch_sub(1, std::memory_order_release);
    }
}

}  // namespace fastmlx
