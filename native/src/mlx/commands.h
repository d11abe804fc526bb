#pragma once
#include <cstdint>
#include <cstring>
#include <exception>
#include <vector>

#include "engine/failure.h"
#include "fastmlx.h"

namespace fastmlx {

// What the first member of a group tells the others to do: its own calls, in their order.
enum class CommandKind : int32_t { kOpen, kFork, kTrim, kClose, kBegin, kEnd, kLogits, kStop };

struct Command {
    CommandKind kind = CommandKind::kStop;
    int32_t status_before = 0;  // how the command before ended there; it must have ended so everywhere
    int32_t a = 0, b = 0;       // slot and length; or flags
    int32_t rows = 0, tokens = 0;
};

struct Instruction {
    Command command;
    std::vector<fm_row> rows;
    std::vector<int32_t> tokens;
};

inline int32_t status_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const Failure& failure) {
        return failure.status();
    } catch (...) {
        return FM_INTERNAL;
    }
}

inline std::vector<uint8_t> pack(Command command, const fm_row* rows, const int32_t* tokens) {
    size_t row_bytes = static_cast<size_t>(command.rows) * sizeof(fm_row);
    size_t token_bytes = static_cast<size_t>(command.tokens) * sizeof(int32_t);
    std::vector<uint8_t> message(sizeof command + row_bytes + token_bytes);
    std::memcpy(message.data(), &command, sizeof command);
    if (row_bytes > 0) std::memcpy(message.data() + sizeof command, rows, row_bytes);
    if (token_bytes > 0) std::memcpy(message.data() + sizeof command + row_bytes, tokens, token_bytes);
    return message;
}

inline void unpack(const std::vector<uint8_t>& message, Instruction& out) {
    bool fits = message.size() >= sizeof out.command;
    if (fits) std::memcpy(&out.command, message.data(), sizeof out.command);
    fits = fits && out.command.rows >= 0 && out.command.tokens >= 0;
    size_t row_bytes = fits ? static_cast<size_t>(out.command.rows) * sizeof(fm_row) : 0;
    size_t token_bytes = fits ? static_cast<size_t>(out.command.tokens) * sizeof(int32_t) : 0;
    if (!fits || message.size() != sizeof out.command + row_bytes + token_bytes)
        fail(FM_IO, "a message of the group's first member is damaged");
    out.rows.resize(static_cast<size_t>(out.command.rows));
    out.tokens.resize(static_cast<size_t>(out.command.tokens));
    const uint8_t* at = message.data() + sizeof out.command;
    if (row_bytes > 0) std::memcpy(out.rows.data(), at, row_bytes);
    if (token_bytes > 0) std::memcpy(out.tokens.data(), at + row_bytes, token_bytes);
}

// What another member tells the first: that it has opened its part, or that it has failed and why.
struct Report {
    int32_t failed = 0;  // 0: ready
    fm_model_info info{};
    char text[500] = {};
};

}  // namespace fastmlx
