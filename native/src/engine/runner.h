#pragma once
#include <array>
#include <memory>
#include <vector>

#include "engine/executor.h"
#include "engine/model.h"

namespace fastmlx {

// Slots and validation over a Backend; an Executor brings the steps to it. Everything that touches timelines waits
// until the executor has settled.
class Runner final : public Model {
  public:
    Runner(std::unique_ptr<Backend> backend, std::unique_ptr<Executor> executor, const fm_model_options& options);

    void describe(fm_model_info& out) const override { out = info_; }
    bool can_adjust() const override { return backend_->can_adjust(); }
    int slot_open() override;
    int slot_fork(int slot, int length) override;
    void slot_trim(int slot, int length) override;
    int slot_length(int slot) const override { return slots_[check_slot(slot)].length; }
    uint64_t slot_bytes(int slot) override;
    void slot_close(int slot) override;
    uint64_t slot_save(int slot, void* buffer, uint64_t capacity) override;
    int slot_load(const void* buffer, uint64_t size) override;
    uint64_t slot_save_rows(int slot, int first, int count, void* buffer, uint64_t capacity) override;
    void slot_load_rows(int slot, const void* buffer, uint64_t size) override;
    void step_begin(const fm_row* rows, int row_count, const int32_t* tokens, int count, Adjusts& adjusts) override;
    void step_end(int32_t* next, int count) override;
    void debug_logits(const fm_row& row, const int32_t* tokens, bool all, float* out, uint64_t capacity) override;
    void step_scores(int row, int count, int top, float* scores, int32_t* ids, float* logprobs) override;
    void step_logprobs(int row, int top, float* chosen, int32_t* ids, float* logprobs) override;

  private:
    struct Slot {  // the owner's view: what will be true when all queued steps are done
        bool open = false, lost = false, sampled = false;
        bool partial = false;  // rows without the rest of the state: to be appended to or closed
        int length = 0;
        int64_t opened = 0;     // number of the first step that can use it
        int64_t step_mark = 0;  // number of the last step that used it, to find double rows
    };

    size_t check_slot(int slot) const;
    size_t whole_slot(int slot) const;
    size_t usable_slot(int slot) const;
    void check_row(const fm_row& row, const int32_t* tokens) const;
    int free_slot() const;
    void check_growth(uint64_t bytes) const;
    void fill(Batch& batch, const fm_row* rows, int row_count, const int32_t* tokens);
    void reserve(Step& step);
    void settle();
    Step& step(int64_t number) { return steps_[static_cast<size_t>(number % kStepsInFlight)]; }

    std::unique_ptr<Backend> backend_;
    fm_model_info info_{};
    int max_step_tokens_;
    uint64_t state_bytes_max_;
    std::vector<Slot> slots_;
    std::array<Step, kStepsInFlight> steps_;
    StepResult finished_;
    int64_t begun_ = 0, ended_ = 0, step_number_ = 0;
    uint64_t used_bound_ = 0;             // state in use is at most this
    std::unique_ptr<Executor> executor_;  // last: it may still use what stands above
};

std::unique_ptr<Model> make_runner(std::unique_ptr<EagerBackend> backend, const fm_model_options& options);
std::unique_ptr<Model> make_runner(std::unique_ptr<LazyBackend> backend, const fm_model_options& options);

}  // namespace fastmlx
