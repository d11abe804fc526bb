#include "engine/runner.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/failure.h"
#include "engine/sampler.h"

namespace fastmlx {
namespace {

constexpr int kSlotsDefault = 64, kStepTokensDefault = 512;

size_t slot_count(const fm_model_options& options) {
    return static_cast<size_t>(options.max_slots == 0 ? kSlotsDefault : options.max_slots);
}

}  // namespace

Runner::Runner(std::unique_ptr<Backend> backend, std::unique_ptr<Executor> executor, const fm_model_options& options)
    : backend_(std::move(backend)),
      max_step_tokens_(options.max_step_tokens == 0 ? kStepTokensDefault : options.max_step_tokens),
      state_bytes_max_(options.state_bytes_max),
      slots_(slot_count(options)),
      executor_(std::move(executor)) {
    backend_->describe(info_);
}

size_t Runner::check_slot(int slot) const {
    bool known = slot >= 0 && static_cast<size_t>(slot) < slots_.size() && slots_[static_cast<size_t>(slot)].open;
    if (!known) fail(FM_INVALID, "slot ", slot, " is not open");
    return static_cast<size_t>(slot);
}

size_t Runner::usable_slot(int slot) const {
    size_t index = check_slot(slot);
    if (slots_[index].lost) fail(FM_INVALID, "slot ", slot, " was lost when a step failed");
    return index;
}

size_t Runner::whole_slot(int slot) const {
    size_t index = usable_slot(slot);
    if (slots_[index].partial) fail(FM_INVALID, "slot ", slot, " holds rows without the rest of their state");
    return index;
}

int Runner::free_slot() const {
    for (size_t i = 0; i < slots_.size(); ++i)
        if (!slots_[i].open) return static_cast<int>(i);
    fail(FM_NO_MEMORY, "all ", slots_.size(), " slots are open");
}

void Runner::settle() {
    executor_->settle();
    for (size_t i = 0; i < slots_.size(); ++i)
        if (executor_->broken(static_cast<int>(i))) slots_[i].lost = true;
}

int Runner::slot_open() {
    executor_->quiet();
    int slot = free_slot();
    backend_->open(slot);
    slots_[static_cast<size_t>(slot)] = Slot{.open = true, .opened = begun_};
    return slot;
}

int Runner::slot_fork(int slot, int length) {
    settle();
    const Slot& parent = slots_[whole_slot(slot)];
    if (length < 0 || length > parent.length)
        fail(FM_INVALID, "slot ", slot, " has ", parent.length, " tokens; a fork of ", length, " is outside");
    int child = free_slot();
    backend_->open(child);
    try {
        backend_->fork(slot, child, length);
    } catch (...) {
        backend_->close(child);
        throw;
    }
    bool whole = length == parent.length;
    slots_[static_cast<size_t>(child)] =
        Slot{.open = true, .sampled = whole && parent.sampled, .length = length, .opened = begun_};
    executor_->copy_sample(slot, child);
    return child;
}

void Runner::slot_trim(int slot, int length) {
    settle();
    Slot& entry = slots_[whole_slot(slot)];
    if (length < 0 || length > entry.length)
        fail(FM_INVALID, "slot ", slot, " has ", entry.length, " tokens; it cannot be cut to ", length);
    if (length == entry.length) return;
    backend_->trim(slot, length);
    entry.length = length;
    entry.sampled = false;
}

uint64_t Runner::slot_bytes(int slot) {
    check_slot(slot);
    executor_->quiet();
    return backend_->bytes(slot);
}

void Runner::slot_close(int slot) {
    size_t index = check_slot(slot);
    settle();
    backend_->close(slot);
    slots_[index] = Slot{};
    executor_->forget(slot);
}

void Runner::check_row(const fm_row& row, const int32_t* tokens) const {
    const Slot& slot = slots_[whole_slot(row.slot)];
    if (row.first != slot.length)
        fail(FM_INVALID, "row for slot ", row.slot, " starts at ", row.first, " where the slot has ", slot.length,
             " tokens");
    if (row.count <= 0) fail(FM_INVALID, "row for slot ", row.slot, " feeds no token");
    if (row.first > std::numeric_limits<int32_t>::max() - row.count) fail(FM_INVALID, "the timeline is too long");
    bool sane = row.sample >= 0 && row.sample <= 3 && row.sample != 2 && row.temperature >= 0 &&
                std::isfinite(row.temperature) && row.top_p > 0 && row.top_p <= 1 && row.min_p >= 0 && row.min_p <= 1 &&
                row.top_k >= 0;
    if (!sane) fail(FM_INVALID, "row for slot ", row.slot, " has a sampling parameter out of range");
    for (int i = 0; i < row.count; ++i) {
        if (tokens[i] == FM_LAST_TOKEN && i == 0) {
            if (!slot.sampled) fail(FM_INVALID, "slot ", row.slot, " sampled nothing in the step before");
        } else if (tokens[i] < 0 || tokens[i] >= info_.vocab_size) {
            fail(FM_INVALID, "token ", tokens[i], " is outside the vocabulary of ", info_.vocab_size);
        }
    }
}

void Runner::fill(Batch& batch, const fm_row* rows, int row_count, const int32_t* tokens) {
    batch.rows.assign(rows, rows + row_count);
    batch.tokens.clear();
    batch.positions.clear();
    for (const fm_row& row : batch.rows)
        for (int i = 0; i < row.count; ++i) {
            batch.tokens.push_back(*tokens++);
            batch.positions.push_back(row.first + i);
        }
}

void Runner::reserve(Step& next) {
    next.growth = 0;
    for (const fm_row& row : next.batch.rows) next.growth += backend_->growth(row.slot, row.first, row.count);
    backend_->admit(next.growth);
    if (state_bytes_max_ == 0) return;
    if (used_bound_ + next.growth > state_bytes_max_) {
        executor_->quiet();  // the bound counts every growth at its most: exact numbers before a refusal
        used_bound_ = backend_->total_bytes();
    }
    if (used_bound_ + next.growth > state_bytes_max_)
        fail(FM_NO_MEMORY, "this step may need ", next.growth, " bytes of state beside the ", used_bound_,
             " in use; the limit is ", state_bytes_max_);
    used_bound_ += next.growth;
}

void Runner::step_begin(const fm_row* rows, int row_count, const int32_t* tokens, int count, Adjusts& adjusts) {
    if (begun_ - ended_ >= kStepsInFlight) fail(FM_INVALID, "two steps are in flight");
    if (row_count <= 0) fail(FM_INVALID, "a step without rows");
    int64_t total = 0;
    ++step_number_;
    for (int i = 0; i < row_count; ++i) {
        if (rows[i].count > count - total) fail(FM_INVALID, "the rows feed more than the ", count, " tokens given");
        check_row(rows[i], tokens + total);
        Slot& slot = slots_[static_cast<size_t>(rows[i].slot)];
        if (slot.step_mark == step_number_) fail(FM_INVALID, "slot ", rows[i].slot, " has two rows");
        slot.step_mark = step_number_;
        total += rows[i].count;
    }
    if (total != count) fail(FM_INVALID, "the rows feed ", total, " of ", count, " tokens");
    if (total > max_step_tokens_) fail(FM_INVALID, "a step of ", total, " tokens; the limit is ", max_step_tokens_);
    if (!adjusts.entries.empty() && !backend_->can_adjust()) fail(FM_UNSUPPORTED, "this backend takes no adjustments");
    adjusts.check(rows, row_count, info_.vocab_size);
    Step& next = step(begun_);
    fill(next.batch, rows, row_count, tokens);
    std::swap(next.batch.adjusts, adjusts);
    reserve(next);
    for (int i = 0; i < row_count; ++i) {
        Slot& slot = slots_[static_cast<size_t>(rows[i].slot)];
        slot.length += rows[i].count;
        slot.sampled = rows[i].sample != 0;
    }
    ++begun_;
    executor_->begin(next);
}

void Runner::step_end(int32_t* next, int count) {
    if (begun_ == ended_) fail(FM_INVALID, "no step is in flight");
    Step& oldest = step(ended_);
    if (count != static_cast<int>(oldest.batch.rows.size()))
        fail(FM_INVALID, "the oldest step has ", oldest.batch.rows.size(), " rows, not ", count);
    executor_->finish(oldest);
    int64_t number = ended_++;
    if (std::exception_ptr error = std::exchange(oldest.error, nullptr)) {
        for (const fm_row& row : oldest.batch.rows) {
            Slot& slot = slots_[static_cast<size_t>(row.slot)];
            if (slot.opened <= number) slot.lost = true;  // else it is another timeline by now
        }
        std::rethrow_exception(error);
    }
    std::copy(oldest.result.next.begin(), oldest.result.next.end(), next);
    std::swap(finished_, oldest.result);
}

void Runner::debug_logits(const fm_row& row, const int32_t* tokens, bool all, float* out, uint64_t capacity) {
    if (begun_ != ended_) fail(FM_INVALID, "a step is in flight");
    check_row(row, tokens);
    if (tokens[0] == FM_LAST_TOKEN) fail(FM_INVALID, "debug logits needs the token itself");
    auto vocab = static_cast<uint64_t>(info_.vocab_size);
    uint64_t needed = vocab * (all ? static_cast<uint64_t>(row.count) : 1);
    if (capacity < needed) fail(FM_INVALID, "the buffer holds ", capacity, " floats of ", needed);
    Batch batch;
    for (int fed = 0; fed < row.count;) {
        fm_row part = row;
        part.first += fed;
        part.count = std::min(row.count - fed, max_step_tokens_);
        part.sample = 0;
        fill(batch, &part, 1, tokens + fed);
        backend_->logits(batch, all, out);
        slots_[static_cast<size_t>(row.slot)].length += part.count;
        fed += part.count;
        if (all) out += vocab * static_cast<uint64_t>(part.count);
    }
    slots_[static_cast<size_t>(row.slot)].sampled = false;
}

void Runner::step_logprobs(int row, int top, float* chosen, int32_t* ids, float* logprobs) {
    bool kept =
        row >= 0 && static_cast<size_t>(row) < finished_.kept.size() && finished_.kept[static_cast<size_t>(row)] >= 0;
    if (!kept) fail(FM_INVALID, "row ", row, " of the last step kept no log-probabilities");
    if (top > info_.vocab_size) fail(FM_INVALID, "top ", top, " is more than the vocabulary");
    auto vocab = static_cast<size_t>(info_.vocab_size);
    const float* logits =
        finished_.logits.data() + vocab * static_cast<size_t>(finished_.kept[static_cast<size_t>(row)]);
    *chosen = log_probability(logits, info_.vocab_size, finished_.next[static_cast<size_t>(row)]);
    if (top > 0) top_log_probabilities(logits, info_.vocab_size, top, ids, logprobs);
}

void Runner::step_scores(int row, int count, int top, float* scores, int32_t* ids, float* logprobs) {
    const Scores& all = finished_.scores;
    const Scores::Entry* entry = all.of(row);
    if (entry == nullptr || entry->count != count || entry->top != top)
        fail(FM_INVALID, "row ", row, " of the last step has no ", count, " scores with ", top, " others each");
    std::copy_n(all.chosen.begin() + static_cast<std::ptrdiff_t>(entry->first), count, scores);
    if (top == 0) return;
    auto first = static_cast<std::ptrdiff_t>(entry->first_top), size = std::ptrdiff_t{count} * top;
    std::copy_n(all.ids.begin() + first, size, ids);
    std::copy_n(all.logprobs.begin() + first, size, logprobs);
}

std::unique_ptr<Model> make_runner(std::unique_ptr<EagerBackend> backend, const fm_model_options& options) {
    auto executor = std::make_unique<WorkerExecutor>(*backend, slot_count(options));
    return std::make_unique<Runner>(std::move(backend), std::move(executor), options);
}

std::unique_ptr<Model> make_runner(std::unique_ptr<LazyBackend> backend, const fm_model_options& options) {
    auto executor = std::make_unique<DirectExecutor>(*backend, slot_count(options));
    return std::make_unique<Runner>(std::move(backend), std::move(executor), options);
}

}  // namespace fastmlx
