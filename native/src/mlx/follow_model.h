#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/model.h"
#include "mlx/channel.h"
#include "mlx/commands.h"

namespace fastmlx {

// The model of another member of a group: it does what the first member's does, and nothing else.
class FollowModel final : public Model {
  public:
    FollowModel(const std::string& folder, const fm_model_options& options);
    ~FollowModel() override;

    void describe(fm_model_info& out) const override { model_->describe(out); }
    bool can_adjust() const override { return false; }
    void follow() override;
    int slot_open() override { refuse(); }
    int slot_fork(int, int) override { refuse(); }
    void slot_trim(int, int) override { refuse(); }
    int slot_length(int) const override { refuse(); }
    uint64_t slot_bytes(int) override { refuse(); }
    void slot_close(int) override { refuse(); }
    uint64_t slot_save(int, void*, uint64_t) override { refuse(); }
    int slot_load(const void*, uint64_t) override { refuse(); }
    uint64_t slot_save_rows(int, int, int, void*, uint64_t) override { refuse(); }
    void slot_load_rows(int, const void*, uint64_t) override { refuse(); }
    void step_begin(const fm_row*, int, const int32_t*, int, Adjusts&) override { refuse(); }
    void step_end(int32_t*, int) override { refuse(); }
    void debug_logits(const fm_row&, const int32_t*, bool, float*, uint64_t) override { refuse(); }
    void step_scores(int, int, int, float*, int32_t*, float*) override { refuse(); }
    void step_logprobs(int, int, float*, int32_t*, float*) override { refuse(); }

  private:
    [[noreturn]] static void refuse();
    void connect();
    void listen();
    bool next(Instruction& out);
    void obey(const Instruction& instruction);
    void report(const std::string& failure);

    std::optional<Channel> channel_;
    std::unique_ptr<Model> model_;
    std::vector<int32_t> next_;
    std::vector<float> logits_;
    Adjusts none_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::vector<uint8_t>> messages_;  // under mutex_
    bool ended_ = false, gone_ = false;          // the connection has; the owner has left; under mutex_
    std::thread listener_;
};

}  // namespace fastmlx
