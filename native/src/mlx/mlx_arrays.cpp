#include "mlx/mlx_arrays.h"

#include <cstring>

#include "engine/failure.h"

namespace fastmlx {
namespace {

// Rows of a weight, experts one after the other; `part` is what of a row: codes, scales or biases. A row in the file,
// of row_bytes, may be longer than what the weight has of it.
mx::array copy_rows(const Weight& w, bool stacked, const uint8_t* WeightRow::*part, int64_t row_bytes, int columns,
                    mx::Dtype type) {
    mx::Shape shape{w.rows, columns};
    if (stacked) shape.insert(shape.begin(), w.experts);
    mx::array out = make_array(shape, type);
    auto* to = out.data<uint8_t>();
    size_t width = static_cast<size_t>(columns) * mx::size_of(type);
    int together = w.row_step == 1 && width == static_cast<size_t>(row_bytes) ? w.rows : 1;
    size_t bytes = width * static_cast<size_t>(together);
    for (int e = 0; e < (stacked ? w.experts : 1); ++e)
        for (int r = 0; r < w.rows; r += together, to += bytes) std::memcpy(to, w.row(e, r).*part, bytes);
    return out;
}

const char* mode_of(Storage storage) {
    switch (storage) {
        case Storage::kAffine:
            return "affine";
        case Storage::kMxfp4:
            return "mxfp4";
        case Storage::kNvfp4:
            return "nvfp4";
        case Storage::kMxfp8:
            return "mxfp8";
        case Storage::kDense:
            break;
    }
    return "";
}

}  // namespace

mx::array make_array(mx::Shape shape, mx::Dtype type) {
    size_t bytes = mx::size_of(type);
    for (int size : shape) bytes *= static_cast<size_t>(size);
    mx::allocator::Buffer buffer = mx::allocator::malloc(bytes);
    if (buffer.ptr() == nullptr) fail(FM_NO_MEMORY, "MLX has no ", bytes, " bytes more");
    return mx::array(buffer, std::move(shape), type);
}

DType from_mlx(mx::Dtype type) {
    if (type == mx::float32) return DType::kF32;
    if (type == mx::bfloat16) return DType::kBF16;
    if (type == mx::float16) return DType::kF16;
    fail(FM_INTERNAL, "an array of MLX has no float format");
}

mx::array Matrix::multiply(const mx::array& x, bool transposed) const {
    if (mode.empty()) return mx::matmul(x, transposed ? *turned : data);
    return mx::quantized_matmul(x, data, *scales, biases, transposed, group, bits, mode);
}

mx::array Matrix::gather(const mx::array& x, const mx::array& experts, bool sorted) const {
    if (mode.empty()) return mx::gather_mm(x, *turned, std::nullopt, experts, sorted);
    return mx::gather_qmm(x, data, *scales, biases, std::nullopt, experts, true, group, bits, mode, sorted);
}

mx::array Matrix::rows(const mx::array& ids, DType dtype) const {
    mx::array picked = mx::take(data, ids, 0);
    if (mode.empty()) return picked;
    std::optional<mx::array> shifts;
    if (biases) shifts = mx::take(*biases, ids, 0);
    return mx::dequantize(picked, mx::take(*scales, ids, 0), shifts, group, bits, mode, std::nullopt, to_mlx(dtype));
}

std::shared_ptr<Matrix> Parameters::make(const Weight& w, bool stacked) {
    if (w.storage == Storage::kDense) {
        mx::array data = copy_rows(w, stacked, &WeightRow::data, w.row_bytes, w.cols, to_mlx(w.dtype));
        mx::array turned = mx::swapaxes(data, -1, -2);
        mx::eval(turned);
        return std::make_shared<Matrix>(Matrix{data, {}, {}, turned, 0, 0, {}});
    }
    bool affine = w.storage == Storage::kAffine;
    mx::Dtype type = affine ? to_mlx(w.dtype) : mx::uint8;
    int groups = w.cols / w.group, words = w.cols * w.bits / 32;
    mx::array data = copy_rows(w, stacked, &WeightRow::data, w.row_bytes, words, mx::uint32);
    mx::array scales = copy_rows(w, stacked, &WeightRow::scales, w.scale_row_bytes, groups, type);
    std::optional<mx::array> biases;
    if (affine) biases = copy_rows(w, stacked, &WeightRow::biases, w.scale_row_bytes, groups, type);
    return std::make_shared<Matrix>(Matrix{data, scales, biases, {}, w.group, w.bits, mode_of(w.storage)});
}

const Matrix& Parameters::matrix(const Weight& w, bool stacked) {
    auto data = static_cast<int64_t>(reinterpret_cast<intptr_t>(w.parts[0].data));
    Entry& entry = by_address_[&w];
    if (entry.matrix != nullptr && entry.key[0] == data && entry.key[1] == w.first_row && entry.key[2] == w.rows)
        return *entry.matrix;
    entry.key = {data, w.first_row, w.rows, w.row_step, w.experts, w.cols, stacked ? 1 : 0};
    std::shared_ptr<Matrix>& shared = matrices_[entry.key];
    if (shared == nullptr) shared = make(w, stacked);
    entry.matrix = shared;
    return *shared;
}

const mx::array& Parameters::vector(const Vector& v, bool plus_one) {
    Key key{static_cast<int64_t>(reinterpret_cast<intptr_t>(v.data)), v.count, plus_one ? 1 : 0};
    auto found = vectors_.find(key);
    if (found != vectors_.end()) return found->second;
    mx::array array = make_array({v.count}, to_mlx(v.dtype));
    std::memcpy(array.data<uint8_t>(), v.data,
                static_cast<size_t>(v.count) * static_cast<size_t>(dtype_bytes(v.dtype)));
    if (plus_one) {
        array = mx::add(array, scalar(1, array.dtype()));
        mx::eval(array);
    }
    return vectors_.emplace(key, array).first->second;
}

const mx::array& Parameters::wavelengths(const Rope& rope) {
    for (const auto& [inverse, array] : wavelengths_)
        if (inverse == rope.inverse) return array;
    std::vector<float> lengths;
    for (float inverse : rope.inverse) lengths.push_back(1.f / inverse);
    wavelengths_.emplace_back(rope.inverse, mx::array(lengths.data(), {static_cast<int>(lengths.size())}, mx::float32));
    return wavelengths_.back().second;
}

}  // namespace fastmlx
