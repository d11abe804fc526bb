#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fastmlx {

// The finaliser of splitmix64: every bit of the input moves half the bits of the output.
inline uint64_t mix64(uint64_t x) {
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9ull;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

// A 64-bit checksum against accidents, not against attackers.
class Hash {
  public:
    Hash& add(uint64_t value) {
        state_ = mix64(state_ ^ value) + 0x9E3779B97F4A7C15ull;
        return *this;
    }
    Hash& add(const void* data, size_t bytes) {
        const auto* at = static_cast<const uint8_t*>(data);
        add(bytes);
        for (; bytes >= 8; bytes -= 8, at += 8) {
            uint64_t word;
            std::memcpy(&word, at, 8);
            add(word);
        }
        uint64_t tail = 0;
        std::memcpy(&tail, at, bytes);
        return bytes == 0 ? *this : add(tail);
    }
    Hash& add(std::string_view text) { return add(text.data(), text.size()); }
    uint64_t value() const { return state_; }

  private:
    uint64_t state_ = 0x243F6A8885A308D3ull;
};

}  // namespace fastmlx
