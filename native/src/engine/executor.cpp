#include "engine/executor.h"

#include <algorithm>

#include "engine/failure.h"

namespace fastmlx {
namespace {

size_t index_of(const fm_row& row) { return static_cast<size_t>(row.slot); }

void check_rows(const Batch& batch, const std::vector<char>& broken) {
    for (const fm_row& row : batch.rows)
        if (broken[index_of(row)] != 0) fail(FM_INVALID, "slot ", row.slot, " was lost when a step failed");
}

void break_rows(const Batch& batch, std::vector<char>& broken) {
    for (const fm_row& row : batch.rows) broken[index_of(row)] = 1;
}

}  // namespace

WorkerExecutor::WorkerExecutor(EagerBackend& backend, size_t slots)
    : backend_(backend), last_token_(slots), broken_(slots), worker_([this] { work(); }) {}

WorkerExecutor::~WorkerExecutor() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    worker_.join();
}

void WorkerExecutor::begin(Step& step) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        steps_[static_cast<size_t>(begun_ % kStepsInFlight)] = &step;
        ++begun_;
    }
    changed_.notify_all();
}

void WorkerExecutor::finish(Step&) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return done_ > finished_; });
    ++finished_;
}

void WorkerExecutor::settle() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return done_ == begun_; });
}

void WorkerExecutor::copy_sample(int from, int to) {
    last_token_[static_cast<size_t>(to)] = last_token_[static_cast<size_t>(from)];
}

void WorkerExecutor::work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || done_ < begun_; });
        if (stop_) return;
        Step& next = *steps_[static_cast<size_t>(done_ % kStepsInFlight)];
        lock.unlock();
        execute(next);
        lock.lock();
        ++done_;
        changed_.notify_all();
    }
}

void WorkerExecutor::execute(Step& step) {
    try {
        check_rows(step.batch, broken_);
        size_t at = 0;
        for (size_t i = 0; i < step.batch.rows.size(); ++i) {
            int32_t& first = step.batch.tokens[at];
            if (first == FM_LAST_TOKEN) {
                first = last_token_[index_of(step.batch.rows[i])];
                step.batch.adjusts.know_last(i, first);
            }
            at += static_cast<size_t>(step.batch.rows[i].count);
        }
        backend_.run(step.batch, step.result);
        for (size_t i = 0; i < step.batch.rows.size(); ++i)
            if (step.result.next[i] >= 0) last_token_[index_of(step.batch.rows[i])] = step.result.next[i];
    } catch (...) {
        break_rows(step.batch, broken_);
        step.error = std::current_exception();
    }
}

void DirectExecutor::fail_step(Step& step) {
    break_rows(step.batch, broken_);
    step.error = std::current_exception();
}

void DirectExecutor::begin(Step& step) {
    try {
        check_rows(step.batch, broken_);
        backend_.submit(step.batch);
        pending_.push_back(&step);
    } catch (...) {
        fail_step(step);
    }
}

void DirectExecutor::finish(Step& step) {
    if (pending_.empty() || pending_.front() != &step) return;  // settled before, or never submitted
    pending_.erase(pending_.begin());
    try {
        backend_.collect(step.result);
        check_rows(step.batch, broken_);  // its own start may have been broken by the step before
    } catch (...) {
        fail_step(step);
    }
}

void DirectExecutor::settle() {
    while (!pending_.empty()) finish(*pending_.front());
}

}  // namespace fastmlx
