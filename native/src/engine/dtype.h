#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace fastmlx {

// The float formats a tensor's values may be limited to. Arithmetic is always float32.
enum class DType : uint8_t { kF32, kBF16, kF16 };

inline int dtype_bytes(DType type) { return type == DType::kF32 ? 4 : 2; }

// MLX's promotion: bf16 with f16 gives f32.
inline DType promote(DType a, DType b) { return a == b ? a : DType::kF32; }

inline const char* dtype_name(DType type) {
    return type == DType::kF32 ? "float32" : type == DType::kBF16 ? "bfloat16" : "float16";
}

inline float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

inline uint16_t float_to_bf16(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);  // keep NaN a NaN
    bits += 0x7FFFu + ((bits >> 16) & 1u);                                                       // ties to even
    return static_cast<uint16_t>(bits >> 16);
}

inline float f16_to_float(uint16_t half) {
    uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 0x1Fu, mantissa = half & 0x3FFu;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | (mantissa << 13));
    if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
    float tiny = static_cast<float>(mantissa) * 5.9604644775390625e-8f;  // 2^-24
    return std::bit_cast<float>(std::bit_cast<uint32_t>(tiny) | sign);
}

inline uint16_t float_to_f16(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return static_cast<uint16_t>(sign | 0x7E00u);
    if (magnitude >= 0x477FF000u) return static_cast<uint16_t>(sign | 0x7C00u);  // rounds to or past 65520
    if (magnitude < 0x38800000u) {  // subnormal: let float addition at 2^-24's scale do the rounding
        float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000u));
    }
    uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

inline float round_to(DType type, float value) {
    if (type == DType::kBF16) return bf16_to_float(float_to_bf16(value));
    if (type == DType::kF16) return f16_to_float(float_to_f16(value));
    return value;
}

// Reads element `index` of unaligned little-endian storage.
inline float load_float(DType type, const uint8_t* data, int64_t index) {
    if (type == DType::kF32) {
        float value;
        std::memcpy(&value, data + index * 4, 4);
        return value;
    }
    uint16_t half;
    std::memcpy(&half, data + index * 2, 2);
    return type == DType::kBF16 ? bf16_to_float(half) : f16_to_float(half);
}

inline void store_float(DType type, uint8_t* data, int64_t index, float value) {
    if (type == DType::kF32) {
        std::memcpy(data + index * 4, &value, 4);
        return;
    }
    uint16_t half = type == DType::kBF16 ? float_to_bf16(value) : float_to_f16(value);
    std::memcpy(data + index * 2, &half, 2);
}

}  // namespace fastmlx
