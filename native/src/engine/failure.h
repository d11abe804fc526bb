#pragma once
#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include "fastmlx.h"

namespace fastmlx {

// The one exception below the boundary: a status for the caller and a sentence a user can act on.
class Failure : public std::exception {
  public:
    Failure(fm_status status, std::string message) : status_(status), message_(std::move(message)) {}
    fm_status status() const { return status_; }
    const char* what() const noexcept override { return message_.c_str(); }

  private:
    fm_status status_;
    std::string message_;
};

template <class... Parts>
std::string join(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

template <class... Parts>
[[noreturn]] void fail(fm_status status, const Parts&... parts) {
    throw Failure(status, join(parts...));
}

}  // namespace fastmlx
