#include <cstring>

#include "engine/failure.h"
#include "weights/dequantise.h"
#include "weights/store.h"

// Checkpoints of other makers, turned into MLX's storage when they are opened: AWQ (and GPTQ without g_idx) and
// compressed-tensors' int4 keep their codes, 8-bit floats become bfloat16.

namespace fastmlx {
namespace {

constexpr int kNibbles[8] = {0, 4, 1, 5, 2, 6, 3, 7};  // where AWQ packs a word's eight columns
constexpr int kBlock = 128;                            // 8-bit floats have one scale per block of this side
constexpr float kMiddle = 8;                           // zero of symmetric 4-bit codes

DType number_type(const TensorView& view) {
    if (view.element == Element::kF32) return DType::kF32;
    if (view.element == Element::kBF16) return DType::kBF16;
    if (view.element == Element::kF16) return DType::kF16;
    fail(FM_UNSUPPORTED, "tensor ", view.name, " is ", element_name(view.element), ", not a float");
}

void check_matrix(const TensorView& view, int64_t rows, int64_t cols) {
    if (view.shape != std::vector<int64_t>{rows, cols})
        fail(FM_INVALID, "tensor ", view.name, " is no matrix of ", rows, " by ", cols);
}

// Codes (rows, cols / 8) in AWQ's order: element (r, c).
unsigned awq_code(const TensorView& view, int64_t row, int64_t column) {
    uint32_t word;
    std::memcpy(&word, view.data + (row * view.shape[1] + column / 8) * 4, 4);
    return (word >> (4 * kNibbles[column % 8])) & 15u;
}

std::string base_of(const std::string& name, const char* suffix) {
    return name.ends_with(suffix) ? name.substr(0, name.size() - std::strlen(suffix)) : std::string();
}

}  // namespace

void WeightStore::convert() {
    std::vector<std::string> names;
    for (const auto& [name, view] : tensors_) names.push_back(name);
    for (const std::string& name : names) {
        if (std::string base = base_of(name, ".qweight"); !base.empty()) convert_awq(base);
        if (std::string base = base_of(name, ".weight_packed"); !base.empty()) convert_int4(base);
        if (std::string base = base_of(name, ".weight_scale_inv"); !base.empty()) convert_fp8(base);
        if (name.ends_with(".activation_scale") || name.ends_with(".input_scale")) tensors_.erase(name);
    }
}

// qweight (in, out / 8), scales (groups, out), qzeros (groups, out / 8): w = (code - zero) · scale.
void WeightStore::convert_awq(const std::string& base) {
    if (has(base + ".g_idx"))
        fail(FM_UNSUPPORTED, base, ": groups in another order than the columns (g_idx) are not supported");
    const TensorView codes = require(base + ".qweight"), scales = require(base + ".scales");
    if (!quantisation_ || quantisation_->storage != Storage::kAffine || quantisation_->bits != 4)
        fail(FM_UNSUPPORTED, base, ": only 4-bit AWQ and GPTQ are supported");
    if (codes.shape.size() != 2 || element_bytes(codes.element) != 4)
        fail(FM_INVALID, "tensor ", codes.name, " is no matrix of 32-bit words");
    int64_t in = codes.shape[0], out = codes.shape[1] * 8, group = quantisation_->group;
    if (in % group != 0) fail(FM_INVALID, base, ": ", in, " rows are no whole number of groups of ", group);
    check_matrix(scales, in / group, out);
    const TensorView* zeros = find(base + ".qzeros");
    if (zeros != nullptr) check_matrix(*zeros, in / group, out / 8);
    DType type = number_type(scales);
    std::vector<uint8_t> packed(static_cast<size_t>(in * out / 2)), scale_bytes(scales.bytes), biases(scales.bytes);
    for (int64_t o = 0; o < out; ++o) {
        for (int64_t i = 0; i < in; ++i) {
            uint8_t& byte = packed[static_cast<size_t>((o * in + i) / 2)];
            byte = static_cast<uint8_t>(byte | awq_code(codes, i, o) << (i % 2 * 4));
        }
        for (int64_t g = 0; g < in / group; ++g) {
            float scale = load_float(type, scales.data, g * out + o);
            float zero = zeros != nullptr ? static_cast<float>(awq_code(*zeros, g, o)) : kMiddle;
            store_float(type, scale_bytes.data(), o * (in / group) + g, scale);
            store_float(type, biases.data(), o * (in / group) + g, -zero * scale);
        }
    }
    Element element = scales.element;
    for (const char* part : {".qweight", ".qzeros", ".scales"}) tensors_.erase(base + part);
    put(base + ".weight", Element::kU32, {out, in / 8}, std::move(packed));
    put(base + ".scales", element, {out, in / group}, std::move(scale_bytes));
    put(base + ".biases", element, {out, in / group}, std::move(biases));
}

// weight_packed is MLX's own order, eight codes a word; weight_scale (out, groups); the zero is in the middle.
void WeightStore::convert_int4(const std::string& base) {
    const TensorView codes = require(base + ".weight_packed"), scales = require(base + ".weight_scale");
    if (codes.shape.size() != 2 || element_bytes(codes.element) != 4)
        fail(FM_UNSUPPORTED, "tensor ", codes.name, " does not hold eight 4-bit codes a word");
    int64_t out = codes.shape[0], in = codes.shape[1] * 8;
    if (scales.shape.size() != 2 || scales.shape[0] != out || scales.shape[1] == 0 || in % scales.shape[1] != 0)
        fail(FM_INVALID, "tensor ", scales.name, " does not fit ", codes.name);
    DType type = number_type(scales);
    std::vector<uint8_t> biases(scales.bytes);
    for (int64_t i = 0; i < scales.count(); ++i)
        store_float(type, biases.data(), i, -kMiddle * load_float(type, scales.data, i));
    per_path_[base] = {Storage::kAffine, 4, static_cast<int>(in / scales.shape[1])};
    rename_one(base + ".weight_packed", base + ".weight");
    retype(base + ".weight", Element::kU32, codes.shape);
    rename_one(base + ".weight_scale", base + ".scales");
    put(base + ".biases", scales.element, scales.shape, std::move(biases));
    tensors_.erase(base + ".weight_shape");
}

// e4m3 codes times a scale per block of 128 by 128, or one scale for all.
void WeightStore::convert_fp8(const std::string& base) {
    const TensorView codes = require(base + ".weight"), scales = require(base + ".weight_scale_inv");
    bool bytes = codes.element == Element::kF8E4M3 || codes.element == Element::kU8;
    if (codes.shape.size() != 2 || !bytes) fail(FM_UNSUPPORTED, "tensor ", codes.name, " is no matrix of 8-bit floats");
    int64_t rows = codes.shape[0], cols = codes.shape[1];
    bool single = scales.count() == 1;
    if (!single) check_matrix(scales, (rows + kBlock - 1) / kBlock, (cols + kBlock - 1) / kBlock);
    DType type = number_type(scales);
    float table[256];
    for (int i = 0; i < 256; ++i) table[i] = e4m3_to_float(static_cast<uint8_t>(i));
    std::vector<uint8_t> values(static_cast<size_t>(rows * cols) * 2);
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < cols; ++c) {
            int64_t block = single ? 0 : r / kBlock * scales.shape[1] + c / kBlock;
            float value = table[codes.data[r * cols + c]] * load_float(type, scales.data, block);
            store_float(DType::kBF16, values.data(), r * cols + c, value);
        }
    tensors_.erase(base + ".weight_scale_inv");
    put(base + ".weight", Element::kBF16, {rows, cols}, std::move(values));
}

}  // namespace fastmlx
