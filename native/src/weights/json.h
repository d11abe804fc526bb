#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastmlx {

// A small strict JSON reader for config.json and safetensors headers. Python's bare NaN and Infinity are numbers here,
// because json.dump writes them. Duplicate keys, trailing text and nesting past 64 are refused.
class Json {
  public:
    enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
    using Member = std::pair<std::string, Json>;

    static Json parse(std::string_view text, const std::string& file);

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::kNull; }
    bool is_object() const { return kind_ == Kind::kObject; }
    bool boolean() const { return flag_; }
    bool is_integer() const { return kind_ == Kind::kNumber && flag_; }
    double number() const { return number_; }
    int64_t integer() const { return integer_; }  // valid where is_integer()
    const std::string& string() const { return string_; }
    const std::vector<Json>& items() const { return items_; }
    const std::vector<Member>& members() const { return members_; }
    const Json* find(std::string_view key) const;
    Json* find(std::string_view key) { return const_cast<Json*>(std::as_const(*this).find(key)); }
    void set(std::string_view key, int64_t value);  // of an object

  private:
    friend class JsonReader;
    Kind kind_ = Kind::kNull;
    bool flag_ = false;
    int64_t integer_ = 0;
    double number_ = 0;
    std::string string_;
    std::vector<Json> items_;
    std::vector<Member> members_;
};

}  // namespace fastmlx
