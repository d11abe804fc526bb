#pragma once
#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/backend.h"

namespace fastmlx {

inline constexpr int kStepsInFlight = 2;

struct Step {
    Batch batch;
    StepResult result;
    std::exception_ptr error;
    uint64_t growth = 0;
};

// Brings steps to a backend and their results back, in order. Called by the owner's thread; at most kStepsInFlight
// steps are begun and not finished. A step that fails breaks its slots, and a step with a broken slot fails.
class Executor {
  public:
    virtual ~Executor() = default;
    virtual void begin(Step& step) = 0;   // the batch may hold FM_LAST_TOKEN; what fails shows in finish
    virtual void finish(Step& step) = 0;  // of the oldest unfinished step: result or error is there afterwards
    virtual void settle() = 0;            // until every begun step is done: then timelines and broken() are true
    virtual void quiet() = 0;             // until nobody else touches the backend: sizes are true, failures not yet
    virtual bool broken(int slot) const = 0;
    virtual void forget(int slot) = 0;               // a new timeline begins there; after settle
    virtual void copy_sample(int from, int to) = 0;  // what was sampled last, for a fork; after settle
};

// A thread that runs the steps of an eager backend.
class WorkerExecutor final : public Executor {
  public:
    WorkerExecutor(EagerBackend& backend, size_t slots);
    ~WorkerExecutor() override;
    void begin(Step& step) override;
    void finish(Step& step) override;
    void settle() override;
    void quiet() override { settle(); }
    bool broken(int slot) const override { return broken_[static_cast<size_t>(slot)] != 0; }
    void forget(int slot) override { broken_[static_cast<size_t>(slot)] = 0; }
    void copy_sample(int from, int to) override;

  private:
    void work();
    void execute(Step& step);

    EagerBackend& backend_;
    std::vector<int32_t> last_token_;  // the worker's; read by the owner only when the worker is idle
    std::vector<char> broken_;         // likewise
    // Invariant: finished_ <= done_ <= begun_ <= finished_ + kStepsInFlight. All under mutex_.
    std::mutex mutex_;
    std::condition_variable changed_;
    std::array<Step*, kStepsInFlight> steps_{};
    int64_t begun_ = 0, done_ = 0, finished_ = 0;
    bool stop_ = false;
    std::thread worker_;
};

// No thread: a lazy backend takes a step at once and computes it while the owner goes on.
class DirectExecutor final : public Executor {
  public:
    DirectExecutor(LazyBackend& backend, size_t slots) : backend_(backend), broken_(slots) {}
    void begin(Step& step) override;
    void finish(Step& step) override;
    void settle() override;
    void quiet() override {}
    bool broken(int slot) const override { return broken_[static_cast<size_t>(slot)] != 0; }
    void forget(int slot) override { broken_[static_cast<size_t>(slot)] = 0; }
    void copy_sample(int, int) override {}  // the backend's fork does

  private:
    void fail_step(Step& step);

    LazyBackend& backend_;
    std::vector<char> broken_;
    std::vector<Step*> pending_;  // submitted and not collected, oldest first
};

}  // namespace fastmlx
