#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/dtype.h"

namespace fastmlx {

// How a matrix is stored. All but dense pack `bits`-wide codes as one little-endian bit stream per row.
enum class Storage : uint8_t { kDense, kAffine, kMxfp4, kNvfp4, kMxfp8 };

struct WeightRow {
    const uint8_t* data = nullptr;
    const uint8_t* scales = nullptr;
    const uint8_t* biases = nullptr;  // affine only
};

// A matrix (experts, rows, cols) that lives in a mapped file. Copies are cheap and share the bytes.
struct Weight {
    std::string name;
    Storage storage = Storage::kDense;
    DType dtype = DType::kF32;  // of dense elements or affine scales: what the matrix dequantises to
    int bits = 0, group = 0;
    int experts = 1, rows = 0, cols = 0;
    int64_t row_bytes = 0, scale_row_bytes = 0;
    int64_t first_row = 0, row_step = 1,
            expert_rows = 0;       // row r of expert e is stored row first + r·step + e·expert_rows
    std::vector<WeightRow> parts;  // one base for all experts, or one base per expert

    explicit operator bool() const { return !parts.empty(); }

    WeightRow row(int64_t expert, int64_t index) const {
        bool split = parts.size() > 1;
        const WeightRow& base = parts[split ? static_cast<size_t>(expert) : 0];
        int64_t at = first_row + index * row_step + (split ? 0 : expert * expert_rows);
        return {base.data + at * row_bytes, base.scales == nullptr ? nullptr : base.scales + at * scale_row_bytes,
                base.biases == nullptr ? nullptr : base.biases + at * scale_row_bytes};
    }

    // Rows first, first+step, …: how fused projections are cut without copying.
    Weight slice(int first, int count, int step = 1) const {
        Weight part = *this;
        part.first_row += first * row_step;
        part.row_step *= step;
        part.rows = count;
        return part;
    }

    uint64_t bytes() const {
        auto all = static_cast<uint64_t>(experts) * static_cast<uint64_t>(rows);
        uint64_t scale_bytes = static_cast<uint64_t>(scale_row_bytes) * (parts[0].biases != nullptr ? 2u : 1u);
        return all * (static_cast<uint64_t>(row_bytes) + scale_bytes);
    }
};

// A vector of parameters: a norm's weight, a bias, a router's correction.
struct Vector {
    const uint8_t* data = nullptr;
    DType dtype = DType::kF32;
    int count = 0;
    explicit operator bool() const { return data != nullptr; }
};

struct Linear {
    Weight weight;
    Vector bias;
    explicit operator bool() const { return static_cast<bool>(weight); }
};

}  // namespace fastmlx
