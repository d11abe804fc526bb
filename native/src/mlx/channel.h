#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fastmlx {

// Whole messages over a TCP connection between two members of a group. Bytes are in this machine's order: the group's
// machines are of one kind, as MLX's own collectives demand. Failures are FM_IO.
class Channel {
  public:
    explicit Channel(int descriptor);
    Channel(Channel&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
    Channel& operator=(Channel&&) = delete;
    ~Channel();

    void send(const std::vector<uint8_t>& message);
    bool receive(std::vector<uint8_t>& message);  // false: the other side has closed
    void limit_waiting(int seconds);              // 0: a receive waits for ever
    void hang_up();                               // both sides then find it closed; any thread
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

// Where the first member waits for the others.
class Listener {
  public:
    // Listens on `address` (an IP address), or on every IPv4 address of this machine where it is empty.
    explicit Listener(const std::string& address);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    int port() const { return port_; }
    const std::vector<std::string>& addresses() const { return addresses_; }  // under which others may reach it
    Channel accept(int seconds);

  private:
    int descriptor_ = -1, port_ = 0;
    std::vector<std::string> addresses_;
};

// To the first of `addresses` that answers.
Channel connect_channel(const std::vector<std::string>& addresses, int port, int seconds);

}  // namespace fastmlx
