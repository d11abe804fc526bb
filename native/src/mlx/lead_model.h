#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/model.h"
#include "mlx/followers.h"
#include "mlx/group.h"

namespace fastmlx {

// The model of a group's first member: each call goes to the others first, then to the own part. The own part lives on
// a thread of its own, because a sum that waits for a lost member never ends; its caller must not wait with it.
class LeadModel final : public Model {
  public:
    LeadModel();
    ~LeadModel() override;
    void open(const std::string& folder, const fm_model_options& options);  // once, before anything else

    void describe(fm_model_info& out) const override { out = info_; }
    bool can_adjust() const override { return false; }
    int slot_open() override;
    int slot_fork(int slot, int length) override;
    void slot_trim(int slot, int length) override;
    int slot_length(int slot) const override;
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
    struct Part;

    void gather(const Group& group);
    // On the part's thread; throws what it throws. `call` holds what it needs: where the group is lost meanwhile, it
    // may outlive this call.
    void on_thread(std::function<void()> call) const;
    void tell(Command command, const fm_row* rows = nullptr, const int32_t* tokens = nullptr);
    void everywhere(Command command, std::function<void()> call);
    void check_whole() const;

    std::shared_ptr<Followers> followers_;
    std::shared_ptr<Part> part_;  // shared with its thread, which outlives this where it hangs in a lost sum
    fm_model_info info_{};
    int32_t last_status_ = FM_OK;
};

}  // namespace fastmlx
