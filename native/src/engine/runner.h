#pragma once
#include <array>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/backend.h"
#include "engine/model.h"

namespace fastmlx {

// Slots, validation and the worker thread over a Backend. The owner's thread checks and queues; the worker runs steps
// in order; everything that touches timelines waits until the worker is idle.
class Runner final : public Model {
  public:
    Runner(std::unique_ptr<Backend> backend, const fm_model_options& options);
    ~Runner() override;

    void describe(fm_model_info& out) const override { out = info_; }
    int slot_open() override;
    int slot_fork(int slot, int length) override;
    void slot_trim(int slot, int length) override;
    int slot_length(int slot) const override { return slots_[check_slot(slot)].length; }
    uint64_t slot_bytes(int slot) override;
    void slot_close(int slot) override;
    uint64_t slot_save(int slot, void* buffer, uint64_t capacity) override;
    int slot_load(const void* buffer, uint64_t size) override;
    void step_begin(const fm_row* rows, int row_count, const int32_t* tokens, int count) override;
    void step_end(int32_t* next, int count) override;
    void debug_logits(const fm_row& row, const int32_t* tokens, bool all, float* out, uint64_t capacity) override;
    void step_logprobs(int row, int top, float* chosen, int32_t* ids, float* logprobs) override;

  private:
    static constexpr int kInFlight = 2;

    struct Slot {  // the owner's view: what will be true when all queued steps are done
        bool open = false, lost = false, sampled = false;
        int length = 0;
        int step_mark = 0;  // number of the last step that used it, to find double rows
    };
    struct Job {
        Batch batch;
        StepResult result;
        std::exception_ptr error;
        uint64_t growth = 0;
    };

    size_t check_slot(int slot) const;
    size_t usable_slot(int slot) const;
    void check_row(const fm_row& row, const int32_t* tokens) const;
    int free_slot() const;
    void fill(Batch& batch, const fm_row* rows, int row_count, const int32_t* tokens);
    void reserve(Job& job);
    void drain();
    void work();
    void execute(Job& job);
    Job& job(int64_t number) { return jobs_[static_cast<size_t>(number % kInFlight)]; }

    std::unique_ptr<Backend> backend_;
    fm_model_info info_{};
    int max_step_tokens_;
    uint64_t state_bytes_max_;
    std::vector<Slot> slots_;
    std::vector<int32_t> last_token_;  // the worker's; read by the owner only when the worker is idle
    std::vector<char> broken_;         // likewise: slots whose step failed
    std::array<Job, kInFlight> jobs_;
    StepResult finished_;
    int step_number_ = 0;
    uint64_t used_bound_ = 0;  // state in use is at most this

    // Invariant: ended_ <= done_ <= begun_ <= ended_ + kInFlight. All four under mutex_.
    std::mutex mutex_;
    std::condition_variable changed_;
    int64_t begun_ = 0, done_ = 0, ended_ = 0;
    bool stop_ = false;
    std::thread worker_;
};

}  // namespace fastmlx
