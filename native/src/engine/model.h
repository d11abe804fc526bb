#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/adjusts.h"
#include "engine/failure.h"
#include "fastmlx.h"

namespace fastmlx {

// What a backend gives: the ABI's functions below their guards. Called by the owning thread only; failures are Failure.
class Model {
  public:
    virtual ~Model() = default;
    virtual void describe(fm_model_info& out) const = 0;
    virtual bool can_adjust() const = 0;
    virtual void follow() { fail(FM_INVALID, "only a group's other members follow its first"); }
    virtual int slot_open() = 0;
    virtual int slot_fork(int slot, int length) = 0;
    virtual void slot_trim(int slot, int length) = 0;
    virtual int slot_length(int slot) const = 0;
    virtual uint64_t slot_bytes(int slot) = 0;
    virtual void slot_close(int slot) = 0;
    virtual uint64_t slot_save(int slot, void* buffer, uint64_t capacity) = 0;  // the size; writes where it fits
    virtual int slot_load(const void* buffer, uint64_t size) = 0;
    virtual uint64_t slot_save_rows(int slot, int first, int count, void* buffer, uint64_t capacity) = 0;
    virtual void slot_load_rows(int slot, const void* buffer, uint64_t size) = 0;
    // `adjusts` is taken; its ranges are checked.
    virtual void step_begin(const fm_row* rows, int row_count, const int32_t* tokens, int count, Adjusts& adjusts) = 0;
    virtual void step_end(int32_t* next, int count) = 0;
    virtual void debug_logits(const fm_row& row, const int32_t* tokens, bool all, float* out, uint64_t capacity) = 0;
    virtual void step_scores(int row, int count, int top, float* scores, int32_t* ids, float* logprobs) = 0;
    virtual void step_logprobs(int row, int top, float* chosen, int32_t* ids, float* logprobs) = 0;
};

std::unique_ptr<Model> open_null_model(const std::string& folder, const fm_model_options& options);
std::unique_ptr<Model> open_cpu_model(const std::string& folder, const fm_model_options& options);
std::unique_ptr<Model> open_mlx_model(const std::string& folder, const fm_model_options& options);
// The part of this process in the group that MLX's launcher started; for its first member, the whole model.
std::unique_ptr<Model> open_group_model(const std::string& folder, const fm_model_options& options);
void join_group(int& rank, int& size);
void describe_mlx(fm_backend_info& out);     // into zeros; leaves them where MLX is not linked
void use_metallib(const std::string& path);  // likewise does nothing
bool mlx_has_gpu();                          // MLX is linked and finds a device that is not the CPU

void log_text(int level, const std::string& text);  // to the function given to fm_set_log, if any

}  // namespace fastmlx
