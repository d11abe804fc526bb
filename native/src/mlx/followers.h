#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mlx/channel.h"
#include "mlx/commands.h"

namespace fastmlx {

// The first member's side of the group: the others' connections, and a thread that notices when one of them ends. A
// group that has lost a member is lost: the others' sums wait for it.
class Followers {
  public:
    ~Followers();

    // Takes `count` connections that show the group's `secret`.
    void accept(Listener& listener, const std::string& secret, int count);
    void send(const std::vector<uint8_t>& message);  // to all
    // The last message, to each that is there; from now on they may end, one before another has heard it. True where
    // all got it.
    bool dismiss(const std::vector<uint8_t>& message);
    void wait_until_ready();  // each has opened its part
    const fm_model_info& info(size_t follower) const { return infos_[follower]; }
    size_t count() const { return channels_.size(); }

    // Waits for `done` under `mutex`; false when the group was lost before.
    template <class Done>
    bool wait(Done done) {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&] { return done() || !lost_.empty(); });
        return done();
    }
    void lose(const std::string& why);  // the first reason stays; the others are hung up on
    void hang_up();
    std::string lost() const;  // empty while it is whole

    mutable std::mutex mutex;
    std::condition_variable changed;

  private:
    void watch();
    bool hear(size_t follower);

    std::vector<Channel> channels_;  // in the order of ranks, from 1
    std::vector<fm_model_info> infos_;
    std::vector<char> ready_;  // under mutex
    std::string lost_;         // under mutex
    std::atomic<bool> dismissed_ = false;
    int wake_[2] = {-1, -1};  // a pipe that ends the watch
    std::thread watch_;
};

}  // namespace fastmlx
