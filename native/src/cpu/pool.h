#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace fastmlx {

// Threads that share out numbered tasks. Which thread takes a task never changes a result. One caller at a time, which
// works too.
class Pool {
  public:
    explicit Pool(int threads);
    ~Pool();
    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Calls body(task, worker) for every task in [0, count); worker is in [0, threads()).
    template <class Body>
    void run(int64_t count, Body&& body) {
        auto call = [](void* context, int64_t task, int worker) {
            (*static_cast<std::remove_reference_t<Body>*>(context))(task, worker);
        };
        if (count <= 1 || workers_.empty()) {
            for (int64_t task = 0; task < count; ++task) call(&body, task, 0);
            return;
        }
        share(count, call, &body);
    }

  private:
    using Call = void (*)(void*, int64_t, int);
    void share(int64_t count, Call call, void* context);
    void take(int worker);
    void work(int worker);

    // The state is the round's number, whether it is open to join, and how many workers are in it.
    static constexpr uint64_t kJoined = 0xFFFF, kOpen = 1u << 16, kRound = 1u << 17, kStop = ~0ull;

    // Written by the caller while no worker is in a round, read by workers after they have joined one.
    Call call_ = nullptr;
    void* context_ = nullptr;
    int64_t count_ = 0;
    std::atomic<int64_t> next_{0};
    std::atomic<uint64_t> state_{0};
    std::atomic<int> sleepers_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::exception_ptr error_;  // under mutex_
    std::vector<std::thread> workers_;
};

}  // namespace fastmlx
