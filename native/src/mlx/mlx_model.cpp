#include <algorithm>
#include <cstring>
#include <deque>
#include <numeric>

#include "cpu/measure.h"
#include "engine/checkpoint.h"
#include "engine/chooser.h"
#include "engine/failure.h"
#include "engine/runner.h"
#include "mlx/mlx_adjusts.h"
#include "mlx/mlx_memory.h"
#include "mlx/mlx_ops.h"
#include "mlx/mlx_part.h"
#include "mlx/mlx_sampling.h"

namespace fastmlx {
namespace {

constexpr int kSlotsDefault = 64, kStepTokensDefault = 512, kScoredAtOnce = 16;
constexpr uint64_t kStateFormat = 0x6D6C7801;  // "mlx", 1
constexpr int kPromptTokens = 64;              // a step of as many leaves behind memory that is worth giving back
constexpr int kStepsBetweenClears = 256;

size_t slot_count(const fm_model_options& options) {
    return static_cast<size_t>(options.max_slots == 0 ? kSlotsDefault : options.max_slots);
}

// A step is built as a graph and handed to MLX in submit; the ids it samples stay on the device, where the next step
// finds them, and are read in collect.
class MlxBackend final : public LazyBackend {
  public:
    MlxBackend(const std::string& folder, const fm_model_options& options, const Group* group)
        : group_(group),
          checkpoint_(folder, kStateFormat, group == nullptr ? Shard{} : group->shard()),
          limits_(checkpoint_.weights.bytes()),
          timelines_(checkpoint_.facts.states, slot_count(options)),
          ops_(parameters_, timelines_, mlx_has_gpu(), group),
          last_(slot_count(options)) {
        int tokens = options.max_step_tokens == 0 ? kStepTokensDefault : options.max_step_tokens;
        scratch_ = measure_scratch(*checkpoint_.graph, tokens, std::min(tokens, static_cast<int>(last_.size())));
        load_parameters();
    }
    ~MlxBackend() override {
        try {
            mx::synchronize();
        } catch (const std::exception&) {
            // What fails in a step that nobody waits for any more concerns nobody.
        }
    }

    void describe(fm_model_info& out) const override {
        out.vocab_size = checkpoint_.facts.vocab_size;
        out.context_max = checkpoint_.facts.context_max;
        out.can_trim = timelines_.cuttable() ? 1 : 0;
        out.can_save_rows = 1;
        out.weight_bytes = checkpoint_.weights.bytes();
        out.state_bytes_per_token = timelines_.bytes_per_token();
        out.scratch_bytes = scratch_;
        std::strcpy(out.backend, mlx_has_gpu() ? "mlx" : "mlx-cpu");
        std::strncpy(out.model_type, checkpoint_.facts.model_type.c_str(), sizeof out.model_type - 1);
    }
    bool can_adjust() const override { return true; }
    uint64_t fingerprint() const override { return checkpoint_.fingerprint; }

    void open(int slot) override { clear(slot); }
    void fork(int from, int to, int length) override {
        timelines_.fork(from, to, length);
        last_[static_cast<size_t>(to)] = last_[static_cast<size_t>(from)];
    }
    void trim(int slot, int length) override { timelines_.trim(slot, length); }
    void close(int slot) override { clear(slot); }
    uint64_t bytes(int slot) const override { return timelines_.bytes(slot); }
    uint64_t total_bytes() const override { return timelines_.total_bytes(); }
    uint64_t growth(int slot, int first, int count) const override { return timelines_.growth(slot, first, count); }
    void admit(uint64_t growth) const override { limits_.admit(growth + scratch_); }

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

    void submit(const Batch& batch) override;
    void collect(StepResult& result) override;
    void logits(const Batch& batch, bool all, float* out) override;

  private:
    struct Last {  // what a slot sampled last: one number of a step's ids
        std::optional<mx::array> ids;
        int index = 0;
    };
    struct Pending {
        std::vector<char> sampled;         // per row of the step
        std::vector<char> kept;            // likewise: its log-softmax is asked for
        std::optional<mx::array> ids;      // of the rows that sampled
        std::optional<mx::array> rows;     // logits of the kept rows, float32
        std::vector<ScoredTokens> scores;  // in the order of the result's entries, a few tokens each
        StepResult result;                 // with room for the scores
        mx::array done;                    // a number that is there when the step is
        int tokens = 0;
    };

    void clear(int slot) {
        timelines_.clear(slot);
        last_[static_cast<size_t>(slot)] = {};
    }
    void load_parameters();
    mx::array tokens_of(const Batch& batch) const;
    mx::array last_id(int slot) const {
        const Last& last = last_[static_cast<size_t>(slot)];
        return mx::slice(*last.ids, {last.index}, {last.index + 1});
    }
    Tensor pick_ends(const Batch& batch, Tensor hidden);
    mx::array adjust(const Batch& batch, const mx::array& logits) const;
    void score(const Batch& batch, Tensor hidden, Pending& step, std::vector<mx::array>& outputs);
    static void read_scores(const std::vector<ScoredTokens>& parts, Scores& scores);
    Pending build(const Batch& batch, std::vector<mx::array>& outputs);

    const Group* const group_;  // null: this process has the whole model
    Checkpoint checkpoint_;
    MlxLimits limits_;
    Parameters parameters_;
    MlxTimelines timelines_;
    MlxOps ops_;
    std::vector<Last> last_;
    std::deque<Pending> pending_;
    uint64_t scratch_ = 0;
    int steps_ = 0;
};

// Walks the graph for one token without computing it: every weight is copied to MLX's memory, and shapes that do not
// fit show here.
void MlxBackend::load_parameters() {
    fm_row row{};
    row.count = 1;
    Batch batch{{row}, {0}, {0}, {}};
    ops_.begin(batch, mx::array({0}, mx::int32));
    checkpoint_.graph->logits(ops_, checkpoint_.graph->hidden(ops_));
    ops_.forget();
    timelines_.clear(0);
}

// FM_LAST_TOKEN stands for a number on the device. The usual step takes all of the last one's ids as they are.
mx::array MlxBackend::tokens_of(const Batch& batch) const {
    auto known = [](const std::vector<int32_t>& ids) {
        return mx::array(ids.begin(), {static_cast<int>(ids.size())}, mx::int32);
    };
    std::vector<mx::array> pieces;
    std::vector<int32_t> run;
    size_t at = 0;
    bool same = true;  // every row takes the number that is at its place
    for (size_t i = 0; i < batch.rows.size(); ++i) {
        const fm_row& row = batch.rows[i];
        const Last& last = last_[static_cast<size_t>(row.slot)];
        bool device = batch.tokens[at] == FM_LAST_TOKEN;
        if (device) {
            if (!run.empty()) pieces.push_back(known(run));
            run.clear();
            pieces.push_back(last_id(row.slot));
        }
        same &= device && row.count == 1 && last.index == static_cast<int>(i) &&
                last.ids->id() == last_[static_cast<size_t>(batch.rows[0].slot)].ids->id();
        auto end = at + static_cast<size_t>(row.count);
        for (at += device ? 1 : 0; at < end; ++at) run.push_back(batch.tokens[at]);
    }
    if (same && last_[static_cast<size_t>(batch.rows[0].slot)].ids->shape(0) == static_cast<int>(batch.rows.size()))
        return *last_[static_cast<size_t>(batch.rows[0].slot)].ids;
    if (!run.empty()) pieces.push_back(known(run));
    return pieces.size() == 1 ? pieces[0] : mx::concatenate(std::move(pieces), 0);
}

Tensor MlxBackend::pick_ends(const Batch& batch, Tensor hidden) {
    std::vector<int> ends;
    for (size_t i = 0; i < batch.rows.size(); ++i)
        if (batch.rows[i].sample != 0) ends.push_back(ops_.layout().place(hidden, i, batch.rows[i].count - 1));
    return ends.empty() ? Tensor{} : ops_.pick_rows(hidden, ends);
}

// The logits of the rows that sample, those with adjustments changed.
mx::array MlxBackend::adjust(const Batch& batch, const mx::array& logits) const {
    if (batch.adjusts.entries.empty()) return logits;
    mx::array all = mx::astype(logits, mx::float32);
    std::vector<mx::array> rows;
    size_t at = 0;
    for (size_t i = 0; i < batch.rows.size(); at += static_cast<size_t>(batch.rows[i++].count)) {
        const fm_row& row = batch.rows[i];
        if (row.sample == 0) continue;
        int index = static_cast<int>(rows.size());
        rows.push_back(mx::slice(all, {index, 0}, {index + 1, all.shape(1)}));
        const fm_adjust* entry = batch.adjusts.of(i);
        if (entry == nullptr) continue;
        std::optional<mx::array> last;
        if (batch.tokens[at] == FM_LAST_TOKEN) last = last_id(row.slot);
        rows.back() = adjusted(rows.back(), batch.adjusts, *entry, last);
    }
    return mx::concatenate(std::move(rows), 0);
}

// Few positions at a time: their logits together would be larger than everything else of a step.
void MlxBackend::score(const Batch& batch, Tensor hidden, Pending& step, std::vector<mx::array>& outputs) {
    for (size_t i = 0; i < batch.rows.size(); ++i) {
        const fm_adjust* entry = batch.adjusts.of(i);
        int count = entry == nullptr ? 0 : entry->score_count;
        for (int done = 0; done < count; done += kScoredAtOnce) {
            int some = std::min(count - done, kScoredAtOnce);
            std::vector<int> rows(static_cast<size_t>(some));
            std::iota(rows.begin(), rows.end(), ops_.layout().place(hidden, i, done));
            auto targets = batch.adjusts.targets(*entry).subspan(static_cast<size_t>(done), static_cast<size_t>(some));
            Tensor logits = checkpoint_.graph->logits(ops_, ops_.pick_rows(hidden, rows));
            step.scores.push_back(score_tokens(ops_.array(logits), {targets.begin(), targets.end()}, entry->score_top));
            const ScoredTokens& scored = step.scores.back();
            outputs.push_back(scored.chosen);
            if (scored.ids) outputs.insert(outputs.end(), {*scored.ids, *scored.logprobs});
        }
    }
}

// The parts lie as the result has them: entry after entry, token after token.
void MlxBackend::read_scores(const std::vector<ScoredTokens>& parts, Scores& scores) {
    size_t at = 0, at_top = 0;
    for (const ScoredTokens& part : parts) {
        std::copy_n(part.chosen.data<float>(), part.chosen.size(), &scores.chosen[at]);
        at += part.chosen.size();
        if (!part.ids) continue;
        std::copy_n(part.ids->data<int32_t>(), part.ids->size(), &scores.ids[at_top]);
        std::copy_n(part.logprobs->data<float>(), part.ids->size(), &scores.logprobs[at_top]);
        at_top += part.ids->size();
    }
}

MlxBackend::Pending MlxBackend::build(const Batch& batch, std::vector<mx::array>& outputs) {
    ops_.begin(batch, tokens_of(batch));
    Tensor hidden = checkpoint_.graph->hidden(ops_), ends = pick_ends(batch, hidden);
    Pending step{{}, {}, {}, {}, {}, {}, mx::array(0), static_cast<int>(batch.tokens.size())};
    Chooser().begin(batch, step.result);
    score(batch, hidden, step, outputs);
    std::vector<const fm_row*> rows;
    std::vector<int> kept;
    for (const fm_row& row : batch.rows) {
        step.sampled.push_back(row.sample != 0);
        step.kept.push_back(row.sample == 3);
        if (row.sample == 3) kept.push_back(static_cast<int>(rows.size()));
        if (row.sample != 0) rows.push_back(&row);
    }
    if (ends) {
        Tensor logits = checkpoint_.graph->logits(ops_, ends);
        step.ids = sample_rows(adjust(batch, ops_.array(logits)), rows);
        if (group_ != nullptr) step.ids = group_->of_first(*step.ids);
        step.done = *step.ids;
        outputs.push_back(*step.ids);
        if (!kept.empty()) {
            step.rows = mx::contiguous(mx::astype(ops_.array(ops_.pick_rows(logits, kept)), mx::float32));
            outputs.push_back(*step.rows);
        }
    } else {
        // Not a part of what is computed: to hold a slice of that would keep MLX from writing to it in place. The
        // numbers of one evaluation are all there when the last one is.
        step.done = mx::add(mx::array(0), mx::array(0));
        outputs.push_back(step.done);
    }
    ops_.end();
    return step;
}

void MlxBackend::submit(const Batch& batch) {
    std::vector<mx::array> outputs;
    try {
        Pending step = build(batch, outputs);
        int index = 0;
        for (const fm_row& row : batch.rows) {
            timelines_.collect(row.slot, outputs);
            if (row.sample != 0) last_[static_cast<size_t>(row.slot)] = {step.ids, index++};
        }
        ops_.forget();  // before MLX walks the graph: what nobody holds may be overwritten in place
        mx::async_eval(std::move(outputs));
        pending_.push_back(std::move(step));
    } catch (...) {
        ops_.forget();
        throw;
    }
}

void MlxBackend::collect(StepResult& result) {
    Pending step = std::move(pending_.front());
    pending_.pop_front();
    step.done.wait();
    read_scores(step.scores, step.result.scores);
    std::swap(result, step.result);
    const int32_t* id = step.ids ? step.ids->data<int32_t>() : nullptr;
    int kept = 0;
    for (size_t i = 0; i < step.sampled.size(); ++i) {
        result.next.push_back(step.sampled[i] != 0 ? *id++ : -1);
        if (step.sampled[i] != 0 && result.next.back() < 0) fail(FM_INTERNAL, "the model gave NaN in row ", i);
        if (step.kept[i] != 0) result.kept[i] = kept++;
    }
    if (step.rows) {
        step.rows->wait();
        const float* from = step.rows->data<float>();
        result.logits.assign(from, from + step.rows->size());
    }
    if (step.tokens >= kPromptTokens || ++steps_ % kStepsBetweenClears == 0) mx::clear_cache();
}

void MlxBackend::logits(const Batch& batch, bool all, float* out) {
    try {
        ops_.begin(batch, tokens_of(batch), true);  // as MLX's own numbers are made
        Tensor hidden = checkpoint_.graph->hidden(ops_);
        if (!all) hidden = ops_.pick_rows(hidden, {ops_.layout().place(hidden, 0, batch.rows[0].count - 1)});
        Tensor logits = checkpoint_.graph->logits(ops_, hidden);
        std::vector<mx::array> outputs{mx::contiguous(mx::astype(ops_.array(logits), mx::float32))};
        mx::array flat = outputs[0];
        ops_.end();
        timelines_.collect(batch.rows[0].slot, outputs);
        ops_.forget();
        mx::eval(std::move(outputs));
        std::copy_n(flat.data<float>(), flat.size(), out);
    } catch (...) {
        ops_.forget();
        throw;
    }
}

}  // namespace

bool mlx_has_gpu() { return mx::is_available(mx::Device::gpu); }

std::unique_ptr<Model> open_mlx_part(const std::string& folder, const fm_model_options& options, const Group* group) {
    return make_runner(std::make_unique<MlxBackend>(folder, options, group), options);
}

std::unique_ptr<Model> open_mlx_model(const std::string& folder, const fm_model_options& options) {
    return open_mlx_part(folder, options, nullptr);
}

}  // namespace fastmlx
