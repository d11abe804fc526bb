#pragma once
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "engine/dtype.h"
#include "engine/failure.h"
#include "weights/json.h"

namespace fastmlx {

// One array of a golden: its bytes, and their values as float32 where they are numbers.
struct GoldenArray {
    std::string type;
    std::vector<int> shape;
    std::vector<uint8_t> bytes;

    bool is_float() const { return type == "f32" || type == "bf16" || type == "f16"; }
    DType dtype() const { return type == "f32" ? DType::kF32 : type == "bf16" ? DType::kBF16 : DType::kF16; }
    int last() const { return shape.back(); }
    int rows() const {
        int count = 1;
        for (size_t i = 0; i + 1 < shape.size(); ++i) count *= shape[i];
        return count;
    }
    uint32_t word(int i) const {
        uint32_t value;
        std::memcpy(&value, bytes.data() + 4 * static_cast<size_t>(i), 4);
        return value;
    }
    std::vector<float> floats() const {
        std::vector<float> values;
        for (int i = 0; i < rows() * last(); ++i) values.push_back(load_float(dtype(), bytes.data(), i));
        return values;
    }
};

// One line of mlx-ops-goldens.jsonl.
struct GoldenRow {
    const Json& json;

    std::string op() const { return json.find("op")->string(); }
    const Json& params() const { return *json.find("params"); }
    bool has_param(const char* key) const { return params().find(key) != nullptr; }
    double number(const char* key) const { return params().find(key)->number(); }
    int integer(const char* key) const { return static_cast<int>(number(key)); }
    bool has(const char* key) const { return json.find("in")->find(key) != nullptr; }
    GoldenArray in(const char* key) const { return read(*json.find("in")->find(key)); }
    GoldenArray out(const char* key) const { return read(*json.find("out")->find(key)); }
    bool gives(const char* key) const { return json.find("out")->find(key) != nullptr; }

  private:
    static GoldenArray read(const Json& object) {
        GoldenArray array;
        array.type = object.find("dtype")->string();
        for (const Json& size : object.find("shape")->items()) array.shape.push_back(static_cast<int>(size.integer()));
        const std::string& hex = object.find("hex")->string();
        for (size_t i = 0; i + 1 < hex.size(); i += 2)
            array.bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
        return array;
    }
};

// Exact where the result is rounded; float32 may differ by its own rounding, times what the length of sums adds.
// `slack` is what the operation's definition leaves open.
inline std::string differ(const GoldenArray& expected, const std::vector<float>& actual, float slack = 0) {
    std::vector<float> wanted = expected.floats();
    if (wanted.size() != actual.size()) return "sizes differ";
    float worst = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (std::isnan(wanted[i]) && std::isnan(actual[i])) continue;
        if (wanted[i] == actual[i]) continue;
        float off = std::fabs(wanted[i] - actual[i]);
        float allowed = slack;
        if (expected.type == "f32") allowed = std::max(allowed, 3e-5f * std::max(1.f, std::fabs(wanted[i])));
        bool near = off <= allowed;
        if (!near) worst = std::isnan(off) ? INFINITY : std::max(worst, off);
    }
    return worst == 0 ? "" : "off by " + std::to_string(worst);
}

}  // namespace fastmlx
