#include "mlx/channel.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/failure.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // macOS: SO_NOSIGPIPE on the socket instead
#endif

namespace fastmlx {
namespace {

constexpr uint32_t kMessageMax = 64u << 20;
constexpr int kSendSeconds = 20;

void set(int descriptor, int level, int option, int value) {
    // Each only makes a dead peer known sooner; without it the connection still works.
    (void)setsockopt(descriptor, level, option, &value, sizeof value);
}

void prepare(int descriptor) {
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
#ifdef SO_NOSIGPIPE
    set(descriptor, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    timeval wait{kSendSeconds, 0};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

void write_all(int descriptor, const uint8_t* data, size_t size) {
    while (size > 0) {
        ssize_t sent = ::send(descriptor, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) fail(FM_IO, "cannot send to another member of the group: ", std::strerror(errno));
        data += sent;
        size -= static_cast<size_t>(sent);
    }
}

bool read_all(int descriptor, uint8_t* data, size_t size) {
    while (size > 0) {
        ssize_t got = ::recv(descriptor, data, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET)) return false;
        if (got < 0) fail(FM_IO, "cannot receive from another member of the group: ", std::strerror(errno));
        data += got;
        size -= static_cast<size_t>(got);
    }
    return true;
}

struct Resolved {  // of getaddrinfo
    addrinfo* list = nullptr;
    Resolved(const std::string& address, int port, int flags) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = flags | AI_NUMERICHOST | AI_NUMERICSERV;
        std::string service = std::to_string(port);
        int error = getaddrinfo(address.c_str(), service.c_str(), &hints, &list);
        if (error != 0) fail(FM_IO, address, " is no address: ", gai_strerror(error));
    }
    ~Resolved() { freeaddrinfo(list); }
    Resolved(const Resolved&) = delete;
    Resolved& operator=(const Resolved&) = delete;
};

std::vector<std::string> own_addresses() {
    std::vector<std::string> result;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return {"127.0.0.1"};
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
        char text[INET_ADDRSTRLEN];
        const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
        if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) != nullptr) result.emplace_back(text);
    }
    freeifaddrs(list);
    return result;
}

bool connects(int descriptor, const addrinfo& to, int seconds) {
    int flags = fcntl(descriptor, F_GETFL);
    (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    int result = ::connect(descriptor, to.ai_addr, to.ai_addrlen);
    if (result != 0 && errno != EINPROGRESS) return false;
    pollfd wait{descriptor, POLLOUT, 0};
    if (result != 0 && ::poll(&wait, 1, seconds * 1000) != 1) return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
    (void)fcntl(descriptor, F_SETFL, flags);
    return true;
}

}  // namespace

Channel::Channel(int descriptor) : descriptor_(descriptor) { prepare(descriptor); }

Channel::~Channel() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void Channel::send(const std::vector<uint8_t>& message) {
    auto size = static_cast<uint32_t>(message.size());
    std::vector<uint8_t> whole(sizeof size + message.size());  // one segment: half a message would wait for the other
    std::memcpy(whole.data(), &size, sizeof size);
    std::copy(message.begin(), message.end(), whole.begin() + sizeof size);
    write_all(descriptor_, whole.data(), whole.size());
}

bool Channel::receive(std::vector<uint8_t>& message) {
    uint32_t size = 0;
    if (!read_all(descriptor_, reinterpret_cast<uint8_t*>(&size), sizeof size)) return false;
    if (size > kMessageMax) fail(FM_IO, "a message of ", size, " bytes came where ", kMessageMax, " are the most");
    message.resize(size);
    return read_all(descriptor_, message.data(), size);
}

void Channel::limit_waiting(int seconds) {
    timeval wait{seconds, 0};
    (void)setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

void Channel::hang_up() { (void)::shutdown(descriptor_, SHUT_RDWR); }

Listener::Listener(const std::string& address) {
    Resolved resolved(address.empty() ? "0.0.0.0" : address, 0, AI_PASSIVE);
    descriptor_ = ::socket(resolved.list->ai_family, SOCK_STREAM, 0);
    if (descriptor_ < 0) fail(FM_IO, "no socket: ", std::strerror(errno));
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    bool good = ::bind(descriptor_, resolved.list->ai_addr, resolved.list->ai_addrlen) == 0 &&
                ::listen(descriptor_, 64) == 0 &&
                getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
    if (!good) {
        int error = errno;
        ::close(descriptor_);
        fail(FM_IO, "cannot listen on ", address.empty() ? "0.0.0.0" : address, ": ", std::strerror(error));
    }
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                              : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
    addresses_ = address.empty() ? own_addresses() : std::vector<std::string>{address};
}

Listener::~Listener() { ::close(descriptor_); }

Channel Listener::accept(int seconds) {
    pollfd wait{descriptor_, POLLIN, 0};
    int ready = ::poll(&wait, 1, seconds * 1000);
    if (ready != 1) fail(FM_IO, "a member of the group did not connect within ", seconds, " s");
    int peer = ::accept(descriptor_, nullptr, nullptr);
    if (peer < 0) fail(FM_IO, "accepting a member of the group failed: ", std::strerror(errno));
    return Channel(peer);
}

Channel connect_channel(const std::vector<std::string>& addresses, int port, int seconds) {
    for (const std::string& address : addresses) {
        Resolved resolved(address, port, 0);
        int descriptor = ::socket(resolved.list->ai_family, SOCK_STREAM, 0);
        if (descriptor >= 0 && connects(descriptor, *resolved.list, seconds)) return Channel(descriptor);
        if (descriptor >= 0) ::close(descriptor);
    }
    std::string all;
    for (const std::string& address : addresses) all += (all.empty() ? "" : ", ") + address;
    fail(FM_IO, "the group's first member cannot be reached on ", all, " port ", port);
}

}  // namespace fastmlx
