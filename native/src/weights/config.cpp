#include "weights/config.h"

#include <limits>

#include "engine/failure.h"
#include "weights/harmless.h"

namespace fastmlx {
namespace {

constexpr int kSizeMax = 1 << 24;
constexpr const char* kWhole = "/";  // marks a field that is left out with all that is in it

// A number, or what transformers 5 writes for one that JSON lacks: {"__float__": "Infinity"}.
const Json* spelt_number(const Json& item) {
    const Json* tag = item.is_object() ? item.find("__float__") : nullptr;
    return tag != nullptr && tag->kind() == Json::Kind::kString ? tag : nullptr;
}

}  // namespace

void Config::wrong(const char* key, const char* wanted) const {
    fail(FM_INVALID, where_, ": '", key, "' must be ", wanted);
}

const Json* Config::find(const char* key) const {
    read_->insert(where_ + "." + key);
    const Json* found = object_->find(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

bool Config::is_null(const char* key) const {
    const Json* found = object_->find(key);
    return found != nullptr && found->is_null();
}

int Config::integer(const char* key) const {
    const Json* found = find(key);
    if (found == nullptr) fail(FM_INVALID, where_, ": '", key, "' is missing");
    bool whole = found->kind() == Json::Kind::kNumber && found->number() >= 0 && found->number() < 2147483648.0 &&
                 found->number() == static_cast<double>(static_cast<int64_t>(found->number()));
    if (!whole) wrong(key, "a natural number");
    return static_cast<int>(found->number());
}

int Config::integer(const char* key, int fallback) const { return has(key) ? integer(key) : fallback; }

int Config::positive(const char* key) const {
    int value = integer(key);
    if (value < 1 || value > kSizeMax) wrong(key, "between 1 and 16777216");
    return value;
}

int Config::positive(const char* key, int fallback) const { return has(key) ? positive(key) : fallback; }

double Config::number(const char* key) const {
    const Json* found = find(key);
    if (found == nullptr) fail(FM_INVALID, where_, ": '", key, "' is missing");
    if (found->kind() != Json::Kind::kNumber) wrong(key, "a number");
    return found->number();
}

double Config::number(const char* key, double fallback) const { return has(key) ? number(key) : fallback; }

bool Config::boolean(const char* key, bool fallback) const {
    const Json* found = find(key);
    if (found == nullptr) return fallback;
    if (found->kind() != Json::Kind::kBool) wrong(key, "true or false");
    return found->boolean();
}

std::string Config::string(const char* key, const char* fallback) const {
    const Json* found = find(key);
    if (found == nullptr) return fallback;
    if (found->kind() != Json::Kind::kString) wrong(key, "a string");
    return found->string();
}

std::vector<double> Config::numbers(const char* key) const {
    std::vector<double> values;
    const Json* found = find(key);
    if (found == nullptr) return values;
    if (found->kind() != Json::Kind::kArray) wrong(key, "a list of numbers");
    for (const Json& item : found->items()) {
        const Json* spelt = spelt_number(item);
        if (spelt == nullptr && item.kind() != Json::Kind::kNumber) wrong(key, "a list of numbers");
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        if (spelt == nullptr)
            values.push_back(item.number());
        else if (spelt->string() == "Infinity" || spelt->string() == "-Infinity")
            values.push_back(spelt->string()[0] == '-' ? -kInfinity : kInfinity);
        else
            wrong(key, "a list of numbers");
    }
    return values;
}

std::vector<int> Config::integers(const char* key) const {
    std::vector<int> values;
    for (double value : numbers(key)) {
        if (!(value >= -2147483648.0 && value < 2147483648.0) || value != static_cast<double>(static_cast<int>(value)))
            wrong(key, "a list of integers");
        values.push_back(static_cast<int>(value));
    }
    return values;
}

std::vector<std::string> Config::strings(const char* key) const {
    std::vector<std::string> values;
    const Json* found = find(key);
    if (found == nullptr) return values;
    if (found->kind() != Json::Kind::kArray) wrong(key, "a list of strings");
    for (const Json& item : found->items()) {
        if (item.kind() != Json::Kind::kString) wrong(key, "a list of strings");
        values.push_back(item.string());
    }
    return values;
}

std::optional<Config> Config::object(const char* key) const {
    const Json* found = find(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_object()) wrong(key, "an object");
    return Config(*found, where_ + "." + key, read_);
}

void Config::ignore(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
        read_->insert(where_ + "." + key);
        read_->insert(where_ + "." + key + kWhole);
    }
}

void Config::finish(const std::string& model_type) const {
    for (const auto& [key, value] : object_->members()) {
        bool read = read_->count(where_ + "." + key) != 0;
        bool whole = read_->count(where_ + "." + key + kWhole) != 0;
        if (read && !whole && value.is_object()) Config(value, where_ + "." + key, read_).finish(model_type);
        if (!read && !value.is_null() && !is_harmless(key))
            fail(FM_UNSUPPORTED, where_, ": '", key, "' is not understood for ", model_type,
                 "; its value could change the model's answers");
    }
}

void Config::require_string(const char* key, const char* only) const {
    std::string value = string(key, only);
    if (value != only) fail(FM_UNSUPPORTED, where_, ": '", key, "' is '", value, "'; only '", only, "' is known here");
}

void Config::refuse(const char* key, const char* why) const {
    const Json* found = find(key);
    bool off = found == nullptr || (found->kind() == Json::Kind::kBool && !found->boolean());
    if (!off) fail(FM_UNSUPPORTED, where_, ": '", key, "' is set: ", why);
}

}  // namespace fastmlx
