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
    bool partial = false;          // a product over some of the columns: Ops adds it up over all processes

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
        if (storage == Storage::kDense)
            return all * static_cast<uint64_t>(cols) * static_cast<uint64_t>(dtype_bytes(dtype));
        uint64_t scale_bytes = storage != Storage::kAffine ? 1u : 2u * static_cast<uint64_t>(dtype_bytes(dtype));
        return all * (static_cast<uint64_t>(cols) * static_cast<uint64_t>(bits) / 8 +
                      static_cast<uint64_t>(cols / group) * scale_bytes);
    }

    // Columns first, first+1, …: whole groups where it is quantised. row_bytes stays what a row has in the file.
    Weight columns(int first, int count) const {
        Weight part = *this;
        part.cols = count;
        for (WeightRow& base : part.parts) {
            if (storage == Storage::kDense) {
                base.data += static_cast<int64_t>(first) * dtype_bytes(dtype);
                continue;
            }
            int64_t scale_bytes = static_cast<int64_t>(first / group) * (scale_row_bytes / (cols / group));
            base.data += static_cast<int64_t>(first) * bits / 8;
            base.scales += scale_bytes;
            if (base.biases != nullptr) base.biases += scale_bytes;
        }
        return part;
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
