#include <algorithm>
#include <cstring>
#include <thread>

#include "cpu/measure.h"
#include "cpu/ops.h"
#include "engine/checkpoint.h"
#include "engine/chooser.h"
#include "engine/runner.h"

namespace fastmlx {
namespace {

constexpr int kSlotsDefault = 64, kStepTokensDefault = 512, kScoredAtOnce = 16;
constexpr uint64_t kStateFormat = 2;

class CpuBackend final : public EagerBackend {
  public:
    CpuBackend(const std::string& folder, const fm_model_options& options)
        : checkpoint_(folder, kStateFormat),
          timelines_(checkpoint_.facts.states,
                     static_cast<size_t>(options.max_slots == 0 ? kSlotsDefault : options.max_slots)),
          ops_(pick_kernels(options.backend >> 8), thread_count(options.threads),
               (options.backend & 0xFF) == FM_BACKEND_CPU_ROUNDED, timelines_) {
        int tokens = options.max_step_tokens == 0 ? kStepTokensDefault : options.max_step_tokens;
        int slots = options.max_slots == 0 ? kSlotsDefault : options.max_slots;
        scratch_ = measure_scratch(*checkpoint_.graph, tokens, std::min(tokens, slots));
    }

    void describe(fm_model_info& out) const override {
        out.vocab_size = checkpoint_.facts.vocab_size;
        out.context_max = checkpoint_.facts.context_max;
        out.can_trim = timelines_.cuttable() ? 1 : 0;
        out.can_save_rows = 1;
        out.weight_bytes = checkpoint_.weights.bytes();
        out.state_bytes_per_token = timelines_.bytes_per_token();
        out.scratch_bytes = std::max(scratch_, ops_.scratch_bytes());
        std::strcpy(out.backend, "cpu");
        std::strncpy(out.model_type, checkpoint_.facts.model_type.c_str(), sizeof out.model_type - 1);
    }
    bool can_adjust() const override { return true; }
    uint64_t fingerprint() const override { return checkpoint_.fingerprint; }

    void open(int slot) override { timelines_.clear(slot); }
    void fork(int from, int to, int length) override { timelines_.fork(from, to, length); }
    void trim(int slot, int length) override { timelines_.trim(slot, length); }
    void close(int slot) override { timelines_.clear(slot); }
    uint64_t bytes(int slot) const override { return timelines_.bytes(slot); }
    uint64_t total_bytes() const override { return timelines_.total_bytes(); }
    uint64_t growth(int, int first, int count) const override { return timelines_.growth(first, count); }
    uint64_t saved_bytes(int slot) const override { return timelines_.saved_bytes(slot); }
    void save(int slot, uint8_t* out) const override { timelines_.save(slot, out); }
    void load(int slot, int length, const uint8_t* data, uint64_t size) override {
        timelines_.load(slot, length, data, size);
    }
    bool has_rest() const override { return timelines_.has_rest(); }
    uint64_t saved_rows_bytes(int slot, int first, int count) const override {
        return timelines_.saved_rows_bytes(slot, first, count);
    }
    void save_rows(int slot, int first, int count, uint8_t* out) const override {
        timelines_.save_rows(slot, first, count, out);
    }
    void load_rows(int slot, int count, bool rest, const uint8_t* data, uint64_t size) override {
        timelines_.load_rows(slot, count, rest, data, size);
    }

    void run(const Batch& batch, StepResult& result) override {
        ops_.begin(batch);
        Tensor hidden = checkpoint_.graph->hidden(ops_);
        chooser_.begin(batch, result);
        if (!result.scores.entries.empty()) score(batch, hidden, result);
        ends_.clear();
        for (size_t i = 0; i < batch.rows.size(); ++i)
            if (batch.rows[i].sample != 0) ends_.push_back(ops_.layout().place(hidden, i, batch.rows[i].count - 1));
        Tensor logits;
        if (!ends_.empty()) logits = checkpoint_.graph->logits(ops_, ops_.pick_rows(hidden, ends_));
        ops_.end();
        sample(batch, logits, result);
    }

    void logits(const Batch& batch, bool all, float* out) override {
        ops_.begin(batch, true);
        Tensor hidden = checkpoint_.graph->hidden(ops_);
        ends_.clear();
        for (int at = all ? 0 : batch.rows[0].count - 1; at < batch.rows[0].count; ++at)
            ends_.push_back(ops_.layout().place(hidden, 0, at));
        Tensor logits = checkpoint_.graph->logits(ops_, ops_.pick_rows(hidden, ends_));
        ops_.end();
        std::copy_n(CpuOps::data(logits), static_cast<int64_t>(logits.rows) * logits.cols, out);
    }

  private:
    static int thread_count(int wanted) {
        return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }

    void sample(const Batch& batch, Tensor logits, StepResult& result) {
        const float* row = logits ? CpuOps::data(logits) : nullptr;
        for (size_t i = 0; i < batch.rows.size(); ++i) {
            if (batch.rows[i].sample == 0) {
                chooser_.skip(result);
                continue;
            }
            chooser_.choose(batch, i, batch.rows[i], row, logits.cols, result);
            row += logits.cols;
        }
    }

    // Few positions at a time: their logits together would be larger than everything else of a step.
    void score(const Batch& batch, Tensor& hidden, StepResult& result) {
        for (size_t i = 0; i < batch.rows.size(); ++i) {
            const fm_adjust* adjust = batch.adjusts.of(i);
            int count = adjust == nullptr ? 0 : adjust->score_count;
            for (int done = 0; done < count; done += kScoredAtOnce) {
                ends_.clear();
                for (int at = done; at < std::min(count, done + kScoredAtOnce); ++at)
                    ends_.push_back(ops_.layout().place(hidden, i, at));
                Tensor logits = checkpoint_.graph->logits(ops_, ops_.pick_rows(hidden, ends_));
                for (int at = 0; at < logits.rows; ++at)
                    chooser_.score(batch, i, done + at, CpuOps::data(logits) + int64_t{at} * logits.cols, logits.cols,
                                   result);
                ops_.keep({&hidden});
            }
        }
    }

    Checkpoint checkpoint_;
    Timelines timelines_;
    CpuOps ops_;
    uint64_t scratch_ = 0;  // of the largest step
    Chooser chooser_;
    std::vector<int> ends_;
};

}  // namespace

std::unique_ptr<Model> open_cpu_model(const std::string& folder, const fm_model_options& options) {
    return make_runner(std::make_unique<CpuBackend>(folder, options), options);
}

}  // namespace fastmlx
