#include "mlx/lead_model.h"

#include <cstdlib>
#include <exception>
#include <random>

#include "mlx/group.h"
#include "mlx/mlx_part.h"
#include "weights/safetensors.h"

namespace fastmlx {
namespace {

// MLX's ring has its addresses in a file; another launcher's machines are asked for all of theirs.
std::string address_of_first() {
    const char* hosts = std::getenv("MLX_HOSTFILE");
    if (hosts == nullptr) return {};
    MappedFile file(hosts);
    Json all = Json::parse({reinterpret_cast<const char*>(file.data()), static_cast<size_t>(file.size())}, hosts);
    bool named = !all.items().empty() && !all.items()[0].items().empty();
    if (!named) return {};
    const std::string& address = all.items()[0].items()[0].string();  // address:port
    return address.substr(0, address.rfind(':'));
}

std::string random_secret() {
    std::random_device source;
    std::string secret;
    for (int i = 0; i < 32; ++i) secret.push_back("0123456789abcdef"[source() % 16]);
    return secret;
}

std::string announcement(const Listener& listener, const std::string& secret) {
    std::string text = secret + " " + std::to_string(listener.port());
    for (const std::string& address : listener.addresses()) text += " " + address;
    return text;
}

bool same_model(const fm_model_info& a, const fm_model_info& b) {
    return a.vocab_size == b.vocab_size && a.context_max == b.context_max &&
           std::strcmp(a.model_type, b.model_type) == 0 && a.weight_bytes == b.weight_bytes &&
           a.state_bytes_per_token == b.state_bytes_per_token;
}

}  // namespace

// The thread and what lives on it. Fields under the followers' mutex, but for those of the part itself.
struct LeadModel::Part {
    std::unique_ptr<Model> model;
    std::vector<int32_t> next;
    std::vector<float> logits;

    std::function<void()> call;
    std::exception_ptr error;
    bool busy = false, stop = false;
    std::thread thread;

    static void work(const std::shared_ptr<Part>& part, const std::shared_ptr<Followers>& followers) {
        std::unique_lock<std::mutex> lock(followers->mutex);
        while (true) {
            followers->changed.wait(lock, [&] { return part->stop || part->busy; });
            if (!part->busy) break;
            lock.unlock();
            std::exception_ptr error;
            try {
                part->call();
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            part->busy = false;
            part->error = error;
            followers->changed.notify_all();
        }
        lock.unlock();
        part->model.reset();
    }
};

LeadModel::LeadModel() : followers_(std::make_shared<Followers>()), part_(std::make_shared<Part>()) {
    part_->thread = std::thread([part = part_, followers = followers_] { Part::work(part, followers); });
}

LeadModel::~LeadModel() {
    bool whole = followers_->lost().empty();
    if (whole) whole = followers_->dismiss(pack({.kind = CommandKind::kStop}, nullptr, nullptr));
    {
        std::lock_guard<std::mutex> lock(followers_->mutex);
        part_->stop = true;
        followers_->changed.notify_all();
    }
    if (whole)
        part_->thread.join();
    else
        part_->thread.detach();
    Group::spend("its model was closed");
    followers_->hang_up();
}

void LeadModel::on_thread(std::function<void()> call) const {
    {
        std::lock_guard<std::mutex> lock(followers_->mutex);
        part_->call = std::move(call);
        part_->busy = true;
        followers_->changed.notify_all();
    }
    if (!followers_->wait([this] { return !part_->busy; })) check_whole();
    if (part_->error) std::rethrow_exception(std::exchange(part_->error, nullptr));
}

void LeadModel::check_whole() const {
    std::string lost = followers_->lost();
    if (!lost.empty()) fail(FM_INTERNAL, lost);
}

void LeadModel::open(const std::string& folder, const fm_model_options& options) {
    const Group& group = Group::join();
    gather(group);
    auto fill = [part = part_, folder, options, &group] { part->model = open_mlx_part(folder, options, &group); };
    try {
        on_thread(fill);
        followers_->wait_until_ready();
    } catch (const std::exception& error) {
        followers_->lose(error.what());
        throw;
    }
    part_->model->describe(info_);
    for (size_t i = 0; i < followers_->count(); ++i)
        if (!same_model(info_, followers_->info(i)))
            fail(FM_INVALID, "member ", i + 1, " of the group has opened another model in ", folder);
}

void LeadModel::gather(const Group& group) {
    Listener listener(address_of_first());
    std::string secret = random_secret(), text = announcement(listener, secret);
    on_thread([&group, text] { group.announce(text); });
    followers_->accept(listener, secret, group.size() - 1);
}

void LeadModel::tell(Command command, const fm_row* rows, const int32_t* tokens) {
    check_whole();
    command.status_before = last_status_;
    try {
        followers_->send(pack(command, rows, tokens));
    } catch (const std::exception& error) {
        followers_->lose(error.what());
        throw;
    }
}

void LeadModel::everywhere(Command command, std::function<void()> call) {
    tell(command);
    try {
        on_thread(std::move(call));
        last_status_ = FM_OK;
    } catch (...) {
        last_status_ = status_of(std::current_exception());
        throw;
    }
}

int LeadModel::slot_open() {
    auto slot = std::make_shared<int>();
    everywhere({.kind = CommandKind::kOpen}, [part = part_, slot] { *slot = part->model->slot_open(); });
    return *slot;
}

int LeadModel::slot_fork(int slot, int length) {
    auto fork = std::make_shared<int>();
    everywhere({.kind = CommandKind::kFork, .a = slot, .b = length},
               [part = part_, fork, slot, length] { *fork = part->model->slot_fork(slot, length); });
    return *fork;
}

void LeadModel::slot_trim(int slot, int length) {
    everywhere({.kind = CommandKind::kTrim, .a = slot, .b = length},
               [part = part_, slot, length] { part->model->slot_trim(slot, length); });
}

int LeadModel::slot_length(int slot) const {
    check_whole();
    auto length = std::make_shared<int>();
    on_thread([part = part_, length, slot] { *length = part->model->slot_length(slot); });
    return *length;
}

// Of this part: the others' are as large, and each has its own memory.
uint64_t LeadModel::slot_bytes(int slot) {
    check_whole();
    auto bytes = std::make_shared<uint64_t>();
    on_thread([part = part_, bytes, slot] { *bytes = part->model->slot_bytes(slot); });
    return *bytes;
}

void LeadModel::slot_close(int slot) {
    everywhere({.kind = CommandKind::kClose, .a = slot}, [part = part_, slot] { part->model->slot_close(slot); });
}

namespace {

[[noreturn]] void refuse_saving() {
    fail(FM_UNSUPPORTED, "the state of a model that several processes share is in all of them; it is not saved");
}

}  // namespace

uint64_t LeadModel::slot_save(int, void*, uint64_t) { refuse_saving(); }
int LeadModel::slot_load(const void*, uint64_t) { refuse_saving(); }
uint64_t LeadModel::slot_save_rows(int, int, int, void*, uint64_t) { refuse_saving(); }
void LeadModel::slot_load_rows(int, const void*, uint64_t) { refuse_saving(); }

void LeadModel::step_scores(int, int, int, float*, int32_t*, float*) {
    fail(FM_UNSUPPORTED, "a model that several processes share gives no scores of its prompt");
}

void LeadModel::step_begin(const fm_row* rows, int row_count, const int32_t* tokens, int count, Adjusts& adjusts) {
    if (!adjusts.entries.empty()) fail(FM_UNSUPPORTED, "a model that several processes share takes no adjustments");
    if (row_count < 0 || count < 0) fail(FM_INVALID, "a step with a negative size");
    tell({.kind = CommandKind::kBegin, .rows = row_count, .tokens = count}, rows, tokens);
    auto own_rows = std::make_shared<std::vector<fm_row>>(rows, rows + row_count);
    auto own_tokens = std::make_shared<std::vector<int32_t>>(tokens, tokens + count);
    try {
        on_thread([part = part_, own_rows, own_tokens] {
            Adjusts none;
            part->model->step_begin(own_rows->data(), static_cast<int>(own_rows->size()), own_tokens->data(),
                                    static_cast<int>(own_tokens->size()), none);
        });
        last_status_ = FM_OK;
    } catch (...) {
        last_status_ = status_of(std::current_exception());
        throw;
    }
}

void LeadModel::step_end(int32_t* next, int count) {
    tell({.kind = CommandKind::kEnd, .a = count});
    try {
        on_thread([part = part_, count] {
            part->next.resize(static_cast<size_t>(count));
            part->model->step_end(part->next.data(), count);
        });
        last_status_ = FM_OK;
    } catch (const Failure& failure) {
        last_status_ = failure.status();
        if (failure.status() == FM_INVALID) throw;  // refused before anything ran, and so it was everywhere
        followers_->lose(failure.what());
        throw;
    } catch (const std::exception& error) {
        // Somewhere between two sums: the members no longer agree on what comes next.
        followers_->lose(std::string("a step failed: ") + error.what());
        throw;
    }
    std::copy(part_->next.begin(), part_->next.end(), next);
}

void LeadModel::debug_logits(const fm_row& row, const int32_t* tokens, bool all, float* out, uint64_t capacity) {
    int count = std::max(row.count, 0);
    Command command{.kind = CommandKind::kLogits, .a = all ? 1 : 0, .rows = 1, .tokens = count};
    tell(command, &row, tokens);
    auto own_tokens = std::make_shared<std::vector<int32_t>>(tokens, tokens + count);
    try {
        on_thread([part = part_, row, own_tokens, all, capacity] {
            part->logits.resize(static_cast<size_t>(capacity));
            part->model->debug_logits(row, own_tokens->data(), all, part->logits.data(), capacity);
        });
        last_status_ = FM_OK;
    } catch (...) {
        last_status_ = status_of(std::current_exception());
        throw;
    }
    std::copy(part_->logits.begin(), part_->logits.end(), out);
}

void LeadModel::step_logprobs(int row, int top, float* chosen, int32_t* ids, float* logprobs) {
    check_whole();
    auto result = std::make_shared<std::pair<std::vector<int32_t>, std::vector<float>>>();
    auto own = std::make_shared<float>();
    on_thread([part = part_, row, top, own, result] {
        result->first.resize(static_cast<size_t>(top));
        result->second.resize(static_cast<size_t>(top));
        part->model->step_logprobs(row, top, own.get(), result->first.data(), result->second.data());
    });
    *chosen = *own;
    std::copy(result->first.begin(), result->first.end(), ids);
    std::copy(result->second.begin(), result->second.end(), logprobs);
}

}  // namespace fastmlx
