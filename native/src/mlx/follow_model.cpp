#include "mlx/follow_model.h"

#include <chrono>
#include <cstdlib>
#include <sstream>

#include "engine/failure.h"
#include "mlx/group.h"
#include "mlx/mlx_part.h"

namespace fastmlx {
namespace {

constexpr int kConnectSeconds = 5;
constexpr std::chrono::seconds kGrace{10};  // after the first member's end, for a step that is under way

}  // namespace

void FollowModel::refuse() { fail(FM_INVALID, "this process follows the group's first member; it does nothing else"); }

FollowModel::FollowModel(const std::string& folder, const fm_model_options& options) {
    connect();
    listener_ = std::thread([this] { listen(); });
    try {
        model_ = open_mlx_part(folder, options, &Group::join());
    } catch (const std::exception& error) {
        report(error.what());
        channel_->hang_up();
        listener_.join();
        throw;
    }
    report({});
}

FollowModel::~FollowModel() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        gone_ = true;
    }
    changed_.notify_all();
    channel_->hang_up();
    listener_.join();
}

void FollowModel::connect() {
    const Group& group = Group::join();
    std::istringstream words(group.announce({}));
    std::string secret, address;
    int port = 0;
    words >> secret >> port;
    std::vector<std::string> addresses;
    while (words >> address) addresses.push_back(address);
    channel_.emplace(connect_channel(addresses, port, kConnectSeconds));
    std::vector<uint8_t> greeting(secret.begin(), secret.end());
    auto rank = static_cast<int32_t>(group.rank());
    greeting.resize(secret.size() + sizeof rank);
    std::memcpy(greeting.data() + secret.size(), &rank, sizeof rank);
    channel_->send(greeting);
}

// On a thread of its own, so that the end of the first member is known while a step waits for it in a sum.
void FollowModel::listen() {
    std::vector<uint8_t> message;
    try {
        while (channel_->receive(message)) {
            std::lock_guard<std::mutex> lock(mutex_);
            messages_.push_back(std::move(message));
            changed_.notify_all();
        }
    } catch (const std::exception& error) {
        log_text(2, error.what());
    }
    std::unique_lock<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
    if (changed_.wait_for(lock, kGrace, [this] { return gone_; })) return;
    log_text(3, "the group's first member has ended, and a step here still waits for it: this process ends too");
    std::_Exit(EXIT_FAILURE);
}

bool FollowModel::next(Instruction& out) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !messages_.empty(); });
    if (messages_.empty()) return false;
    std::vector<uint8_t> message = std::move(messages_.front());
    messages_.pop_front();
    lock.unlock();
    unpack(message, out);
    return true;
}

void FollowModel::report(const std::string& failure) {
    Report report;
    if (failure.empty()) model_->describe(report.info);
    report.failed = failure.empty() ? 0 : 1;
    std::strncpy(report.text, failure.c_str(), sizeof report.text - 1);
    std::vector<uint8_t> message(sizeof report);
    std::memcpy(message.data(), &report, sizeof report);
    channel_->send(message);
}

void FollowModel::follow() {
    Instruction instruction;
    int32_t status = FM_OK;
    std::string text;
    while (next(instruction)) {
        CommandKind kind = instruction.command.kind;
        if (kind == CommandKind::kStop) return;
        if (instruction.command.status_before != status) {
            std::string why = "the first member's last call ended with " +
                              std::to_string(instruction.command.status_before) + ", here with " +
                              std::to_string(status) + (text.empty() ? "" : ": " + text);
            report(why);
            fail(FM_INTERNAL, why);
        }
        status = FM_OK;
        text.clear();
        try {
            obey(instruction);
        } catch (const std::exception& error) {
            status = status_of(std::current_exception());
            text = error.what();
            if (kind != CommandKind::kEnd || status == FM_INVALID) continue;
            report(text);  // the first member waits for this step's sums
            throw;
        }
    }
    fail(FM_IO, "the group's first member has ended without a word");
}

void FollowModel::obey(const Instruction& instruction) {
    const Command& command = instruction.command;
    switch (command.kind) {
        case CommandKind::kOpen:
            model_->slot_open();
            return;
        case CommandKind::kFork:
            model_->slot_fork(command.a, command.b);
            return;
        case CommandKind::kTrim:
            model_->slot_trim(command.a, command.b);
            return;
        case CommandKind::kClose:
            model_->slot_close(command.a);
            return;
        case CommandKind::kBegin:
            model_->step_begin(instruction.rows.data(), command.rows, instruction.tokens.data(), command.tokens, none_);
            return;
        case CommandKind::kEnd:
            next_.resize(static_cast<size_t>(std::max(command.a, 0)));
            model_->step_end(next_.data(), command.a);
            return;
        case CommandKind::kLogits: {
            fm_model_info info{};
            model_->describe(info);
            size_t rows = command.a != 0 ? static_cast<size_t>(command.tokens) : 1;
            logits_.resize(rows * static_cast<size_t>(info.vocab_size));
            model_->debug_logits(instruction.rows[0], instruction.tokens.data(), command.a != 0, logits_.data(),
                                 logits_.size());
            return;
        }
        case CommandKind::kStop:
            return;
    }
    fail(FM_IO, "the group's first member asked for something unknown");
}

}  // namespace fastmlx
