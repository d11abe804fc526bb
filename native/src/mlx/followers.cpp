#include "mlx/followers.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "mlx/group.h"

namespace fastmlx {
namespace {

constexpr int kConnectSeconds = 60, kGreetingSeconds = 10;

}  // namespace

Followers::~Followers() {
    if (!watch_.joinable()) return;
    (void)!::write(wake_[1], "", 1);
    watch_.join();
    ::close(wake_[0]);
    ::close(wake_[1]);
}

void Followers::accept(Listener& listener, const std::string& secret, int count) {
    std::vector<std::optional<Channel>> members(static_cast<size_t>(count));
    std::vector<uint8_t> greeting;
    for (int i = 0; i < count;) {
        Channel channel = listener.accept(kConnectSeconds);
        channel.limit_waiting(kGreetingSeconds);
        int32_t rank = 0;
        // Whoever does not know the secret, which went through MLX's own connections, is not of the group.
        bool known = channel.receive(greeting) && greeting.size() == secret.size() + sizeof rank &&
                     std::equal(secret.begin(), secret.end(), greeting.begin());
        if (!known) continue;
        std::memcpy(&rank, greeting.data() + secret.size(), sizeof rank);
        if (rank < 1 || rank > count || members[static_cast<size_t>(rank - 1)]) continue;
        channel.limit_waiting(0);
        members[static_cast<size_t>(rank - 1)].emplace(std::move(channel));
        ++i;
    }
    for (std::optional<Channel>& member : members) channels_.push_back(std::move(*member));
    infos_.resize(channels_.size());
    ready_.resize(channels_.size());
    if (::pipe(wake_) != 0) fail(FM_IO, "no pipe for the group");
    watch_ = std::thread([this] { watch(); });
}

void Followers::send(const std::vector<uint8_t>& message) {
    for (Channel& channel : channels_) channel.send(message);
}

bool Followers::dismiss(const std::vector<uint8_t>& message) {
    dismissed_ = true;
    bool all = true;
    for (Channel& channel : channels_) {
        try {
            channel.send(message);
        } catch (const std::exception&) {
            all = false;  // it is over anyway, and who hears nothing notices the end of the connection
        }
    }
    return all;
}

void Followers::wait_until_ready() {
    auto all = [this] { return std::all_of(ready_.begin(), ready_.end(), [](char ready) { return ready != 0; }); };
    if (!wait(all)) fail(FM_INTERNAL, lost());
}

void Followers::lose(const std::string& why) {
    std::lock_guard<std::mutex> lock(mutex);
    if (lost_.empty()) lost_ = why;
    changed.notify_all();
    Group::spend(why);
    hang_up();
}

void Followers::hang_up() {
    for (Channel& channel : channels_) channel.hang_up();
}

std::string Followers::lost() const {
    std::lock_guard<std::mutex> lock(mutex);
    return lost_;
}

// One message of a member; false when it has ended.
bool Followers::hear(size_t follower) {
    std::vector<uint8_t> message;
    if (!channels_[follower].receive(message)) return false;
    Report report;
    if (message.size() != sizeof report) fail(FM_IO, "its message is damaged");
    std::memcpy(&report, message.data(), sizeof report);
    report.text[sizeof report.text - 1] = 0;
    if (report.failed != 0) fail(FM_INTERNAL, report.text);
    std::lock_guard<std::mutex> lock(mutex);
    infos_[follower] = report.info;
    ready_[follower] = 1;
    changed.notify_all();
    return true;
}

void Followers::watch() {
    std::vector<pollfd> all{{wake_[0], POLLIN, 0}};
    for (const Channel& channel : channels_) all.push_back({channel.descriptor(), POLLIN, 0});
    while (true) {
        if (::poll(all.data(), static_cast<nfds_t>(all.size()), -1) < 0) continue;  // a signal
        if (all[0].revents != 0) return;
        for (size_t i = 1; i < all.size(); ++i) {
            if (all[i].revents == 0) continue;
            if (dismissed_) {
                all[i].fd = -1;
                continue;
            }
            std::string who = "member " + std::to_string(i) + " of the group ";
            try {
                if (hear(i - 1)) continue;
                lose(who + "has ended; start the whole group again");
            } catch (const std::exception& error) {
                lose(who + "has failed: " + error.what());
            }
            all[i].fd = -1;  // poll skips it
        }
    }
}

}  // namespace fastmlx
