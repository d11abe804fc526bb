#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weights/json.h"

namespace fastmlx {

// Typed reading of config.json. A null counts as absent; a wrong type is an error that names the field. It remembers
// which fields were asked for, so that `finish` can refuse one that nobody understood.
class Config {
  public:
    Config(const Json& object, std::string where)
        : object_(&object), where_(std::move(where)), read_(std::make_shared<std::set<std::string>>()) {}

    bool is_null(const char* key) const;  // there, and null
    bool has(const char* key) const { return find(key) != nullptr; }
    const Json* find(const char* key) const;
    int integer(const char* key) const;
    int integer(const char* key, int fallback) const;
    int positive(const char* key) const;  // a size: 1 to 2^24
    int positive(const char* key, int fallback) const;
    double number(const char* key) const;
    double number(const char* key, double fallback) const;
    bool boolean(const char* key, bool fallback) const;
    std::string string(const char* key, const char* fallback) const;
    std::vector<double> numbers(const char* key) const;       // empty where absent
    std::vector<int> integers(const char* key) const;         // empty where absent
    std::vector<std::string> strings(const char* key) const;  // empty where absent
    std::optional<Config> object(const char* key) const;

    // For fields whose other values would change the arithmetic.
    void require_string(const char* key, const char* only) const;
    void refuse(const char* key, const char* why) const;
    const std::string& where() const { return where_; }

    // Fields that this family knows and that change nothing in its graph.
    void ignore(std::initializer_list<const char*> keys) const;
    // Fails on the first field that was neither asked for nor is known to be harmless in any family.
    void finish(const std::string& model_type) const;

  private:
    Config(const Json& object, std::string where, std::shared_ptr<std::set<std::string>> read)
        : object_(&object), where_(std::move(where)), read_(std::move(read)) {}
    [[noreturn]] void wrong(const char* key, const char* wanted) const;
    const Json* object_;
    std::string where_;
    std::shared_ptr<std::set<std::string>> read_;  // "where.key", shared by all parts of one file
};

}  // namespace fastmlx
