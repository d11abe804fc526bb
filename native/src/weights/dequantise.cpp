#include "weights/dequantise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace fastmlx {
namespace {

constexpr float kE2M1[16] = {0.f, .5f, 1.f, 1.5f, 2.f, 3.f, 4.f, 6.f, -0.f, -.5f, -1.f, -1.5f, -2.f, -3.f, -4.f, -6.f};

// Eight codes are `kBits` bytes, least significant bit first.
template <int kBits>
void unpack8(const uint8_t* bytes, uint32_t* codes) {
    uint64_t stream = 0;
    std::memcpy(&stream, bytes, kBits);
    for (int i = 0; i < 8; ++i) codes[i] = static_cast<uint32_t>(stream >> (i * kBits)) & ((1u << kBits) - 1);
}

template <int kBits>
void affine_row(WeightRow row, int group, DType dtype, int count, float* out) {
    for (int start = 0, index = 0; start < count; start += group, ++index) {
        float scale = load_float(dtype, row.scales, index), bias = load_float(dtype, row.biases, index);
        for (int i = start; i < start + group; i += 8) {
            uint32_t codes[8];
            unpack8<kBits>(row.data + i / 8 * kBits, codes);
            for (int j = 0; j < 8; ++j) out[i + j] = static_cast<float>(codes[j]) * scale + bias;
        }
    }
}

void fp4_row(WeightRow row, int group, bool e8m0, int count, float* out) {
    for (int start = 0, index = 0; start < count; start += group, ++index) {
        float scale = e8m0 ? e8m0_to_float(row.scales[index]) : e4m3_to_float(row.scales[index]);
        for (int i = start; i < start + group; i += 2) {
            uint8_t pair = row.data[i / 2];
            out[i] = kE2M1[pair & 15] * scale;
            out[i + 1] = kE2M1[pair >> 4] * scale;
        }
    }
}

void mxfp8_row(WeightRow row, int group, int count, float* out) {
    for (int start = 0, index = 0; start < count; start += group, ++index) {
        float scale = e8m0_to_float(row.scales[index]);
        for (int i = start; i < start + group; ++i) out[i] = e4m3_to_float(row.data[i]) * scale;
    }
}

}  // namespace

float e8m0_to_float(uint8_t code) {
    return std::bit_cast<float>(code == 0 ? 0x00400000u : static_cast<uint32_t>(code) << 23);
}

float e4m3_to_float(uint8_t code) {
    float magnitude = f16_to_float(static_cast<uint16_t>((code & 0x7F) << 7)) * 256.f;
    return (code & 0x80) != 0 ? -magnitude : magnitude;
}

void dequantise_plain(Storage storage, int bits, int group, DType dtype, WeightRow row, int count, float* out) {
    switch (storage) {
        case Storage::kDense:
            for (int i = 0; i < count; ++i) out[i] = load_float(dtype, row.data, i);
            return;
        case Storage::kMxfp4:
            return fp4_row(row, group, true, count, out);
        case Storage::kNvfp4:
            return fp4_row(row, group, false, count, out);
        case Storage::kMxfp8:
            return mxfp8_row(row, group, count, out);
        case Storage::kAffine:
            break;
    }
    switch (bits) {
        case 2:
            return affine_row<2>(row, group, dtype, count, out);
        case 3:
            return affine_row<3>(row, group, dtype, count, out);
        case 4:
            return affine_row<4>(row, group, dtype, count, out);
        case 5:
            return affine_row<5>(row, group, dtype, count, out);
        case 6:
            return affine_row<6>(row, group, dtype, count, out);
        default:
            return affine_row<8>(row, group, dtype, count, out);
    }
}

bool dequantise_rounded(Storage storage, int bits, int group, DType weight_dtype, DType dtype, WeightRow row, int count,
                        float* out, float* scales) {
    if (storage == Storage::kAffine) {
        static constexpr uint8_t kOne[4] = {0, 0, 0x80, 0x3F}, kNone[4] = {};
        for (int start = 0, index = 0; start < count; start += group, ++index) {
            WeightRow codes{row.data + start * bits / 8, kOne, kNone};  // scale 1, bias 0
            dequantise_plain(storage, bits, group, DType::kF32, codes, group, out + start);
            float scale = load_float(weight_dtype, row.scales, index),
                  bias = load_float(weight_dtype, row.biases, index);
            for (int i = start; i < start + group; ++i)
                out[i] = round_to(dtype, round_to(dtype, out[i] * scale) + bias);
        }
        return false;
    }
    for (int i = 0; i < count / group; ++i) {
        bool e4m3 = storage == Storage::kNvfp4;
        scales[i] = round_to(dtype, e4m3 ? e4m3_to_float(row.scales[i]) : e8m0_to_float(row.scales[i]));
    }
    for (int i = 0; i < count; ++i) {
        if (storage == Storage::kMxfp8)
            out[i] = e4m3_to_float(row.data[i]);
        else
            out[i] = kE2M1[(row.data[i / 2] >> (i % 2 * 4)) & 15];
    }
    return true;
}

void quantise_group(const float* values, int count, int bits, DType dtype, uint8_t* codes, float* scale, float* bias) {
    float low = *std::min_element(values, values + count), high = *std::max_element(values, values + count);
    float levels = static_cast<float>((1 << bits) - 1);
    bool from_low = std::fabs(low) > std::fabs(high);
    float step = std::max((high - low) / levels, 1e-7f);
    if (!from_low) step = -step;
    float edge = from_low ? low : high;
    float zero = std::rint(edge / step);
    float offset = 0;
    if (zero != 0) {
        step = edge / zero;
        offset = edge;
    }
    *scale = round_to(dtype, step);
    *bias = round_to(dtype, offset);
    for (int i = 0; i < count; ++i)
        codes[i] = static_cast<uint8_t>(std::clamp(std::rint((values[i] - offset) / step), 0.f, levels));
}

}  // namespace fastmlx
