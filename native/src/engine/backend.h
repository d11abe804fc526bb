#pragma once
#include <cstdint>
#include <vector>

#include "engine/adjusts.h"
#include "engine/failure.h"
#include "fastmlx.h"

namespace fastmlx {

// One step: `rows` feed their tokens one after the other.
struct Batch {
    std::vector<fm_row> rows;
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;  // of each token
    Adjusts adjusts;                 // of some rows; a backend hands its logits to a Chooser, which honours them
};

struct StepResult {
    std::vector<int32_t> next;  // one per row, -1 where nothing was sampled
    std::vector<float> logits;  // (rows that asked, vocab): kept for log-probabilities
    std::vector<int32_t> kept;  // row → index into logits, or -1
    Scores scores;              // of the rows that asked
};

// What is left of a backend when slots, validation, threads and results are taken out: timelines and arithmetic.
// All calls come from one thread at a time; `slot` is below max_slots. Failures are thrown as Failure.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual void describe(fm_model_info& out) const = 0;
    // Logits go through a Chooser (or what is equal to it), so that Batch::adjusts are honoured.
    virtual bool can_adjust() const { return false; }
    virtual uint64_t fingerprint() const = 0;  // of model and format: saved state of another one does not fit

    virtual void open(int slot) = 0;                      // an empty timeline
    virtual void fork(int from, int to, int length) = 0;  // throws FM_UNSUPPORTED where it cannot be cut there
    virtual void trim(int slot, int length) = 0;          // likewise
    virtual void close(int slot) = 0;
    virtual uint64_t bytes(int slot) const = 0;
    virtual uint64_t total_bytes() const = 0;  // of all slots, what they share counted once
    // The most bytes that feeding `count` tokens at `first` to `slot` could add. An eager backend must not look at the
    // slot: it is also called while a step runs.
    virtual uint64_t growth(int slot, int first, int count) const = 0;
    // Throws FM_NO_MEMORY where the machine has no room for a step that adds as much state.
    virtual void admit(uint64_t) const {}

    virtual uint64_t saved_bytes(int slot) const = 0;
    virtual void save(int slot, uint8_t* out) const = 0;
    virtual void load(int slot, int length, const uint8_t* data, uint64_t size) = 0;  // into an open, empty slot

    // State by rows (fm_slot_save_rows); a backend that can says so in describe (can_save_rows). `has_rest`: the model
    // has state that is not in rows, which is saved with the rows that end at the slot's length.
    virtual bool has_rest() const { return false; }
    virtual uint64_t saved_rows_bytes(int /*slot*/, int /*first*/, int /*count*/) const { no_rows(); }
    virtual void save_rows(int /*slot*/, int /*first*/, int /*count*/, uint8_t* /*out*/) const { no_rows(); }
    virtual void load_rows(int /*slot*/, int /*count*/, bool /*rest*/, const uint8_t* /*data*/, uint64_t /*size*/) {
        no_rows();
    }

    virtual void logits(const Batch& batch, bool all, float* out) = 0;  // one row

  private:
    [[noreturn]] static void no_rows() { fail(FM_UNSUPPORTED, "this backend saves whole slots only"); }
};

// Computes a step in the call. FM_LAST_TOKEN is already replaced.
class EagerBackend : public Backend {
  public:
    virtual void run(const Batch& batch, StepResult& result) = 0;
};

// Takes a step and computes it while the caller goes on. FM_LAST_TOKEN stands for what the slot sampled last, which may
// still be on the device.
class LazyBackend : public Backend {
  public:
    virtual void submit(const Batch& batch) = 0;
    virtual void collect(StepResult& result) = 0;  // of the oldest submitted step, which is gone even if this throws
};

}  // namespace fastmlx
