#include <algorithm>

#include "cpu/ops.h"
#include "engine/failure.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

constexpr int kRowBlock = 16;  // rows dequantised at once: 16 × 4096 floats stay in a core's own cache

}  // namespace

CpuOps::CpuOps(const Kernels& kernels, int threads, bool rounded, Timelines& timelines)
    : kernels_(kernels),
      rounded_(rounded),
      pool_(threads),
      timelines_(timelines),
      scratch_(static_cast<size_t>(pool_.threads())) {}

// Parity is with MLX's numbers for all tokens of a step, some of which depend on how many there are.
void CpuOps::begin(const Batch& batch, bool everything) {
    batch_ = &batch;
    arena_.reset();
    step_.reset();
    angles_.clear();
    layout_.lay(batch, everything || rounded_);
}

void CpuOps::end() {
    for (const Span& span : layout_.all()) timelines_.advance(span.slot, span.count);
}

uint64_t CpuOps::scratch_bytes() const {
    uint64_t bytes = arena_.size() + other_.size() + step_.size();
    for (const auto& buffer : scratch_) bytes += buffer.capacity() * sizeof(float);
    return bytes;
}

Tensor CpuOps::make(int rows, int cols, DType dtype) {
    return {arena_.floats(static_cast<int64_t>(rows) * cols), rows, cols, dtype};
}

float* CpuOps::scratch(int worker, int64_t count) {
    std::vector<float>& buffer = scratch_[static_cast<size_t>(worker)];
    if (buffer.size() < static_cast<size_t>(count)) buffer.resize(static_cast<size_t>(count));
    return buffer.data();
}

void CpuOps::keep(std::initializer_list<Tensor*> live) {
    std::swap(arena_, other_);
    arena_.reset();
    for (Tensor* tensor : live) {
        if (!*tensor) continue;
        Tensor kept = make(tensor->rows, tensor->cols, tensor->dtype);
        std::copy_n(data(*tensor), static_cast<int64_t>(kept.rows) * kept.cols, data(kept));
        *tensor = kept;
    }
}

const float* CpuOps::floats(const Vector& vector) {
    if (!vector) return nullptr;
    float* out = arena_.floats(vector.count);
    for (int i = 0; i < vector.count; ++i) out[i] = load_float(vector.dtype, vector.data, i);
    return out;
}

Tensor CpuOps::pick_rows(Tensor x, const std::vector<int>& picked) {
    Tensor y = make(static_cast<int>(picked.size()), x.cols, x.dtype);
    for (size_t i = 0; i < picked.size(); ++i)
        std::copy_n(data(x) + static_cast<int64_t>(picked[i]) * x.cols, x.cols,
                    data(y) + static_cast<int64_t>(i) * x.cols);
    return y;
}

Tensor CpuOps::wanted(Tensor x) {
    return static_cast<int>(layout_.wanted().size()) == x.rows ? x : pick_rows(x, layout_.wanted());
}

Tensor CpuOps::embed(const Weight& table) {
    Tensor y = make(static_cast<int>(batch_->tokens.size()), table.cols, table.dtype);
    for (int row = 0; row < y.rows; ++row) {
        float* out = data(y) + static_cast<int64_t>(row) * y.cols;
        WeightRow source = table.row(0, batch_->tokens[static_cast<size_t>(row)]);
        kernels_.dequantise(table.storage, table.bits, table.group, table.dtype, source, table.cols, out);
        if (table.storage == Storage::kAffine && table.dtype != DType::kF32) {
            // mx.dequantize rounds after the product too; linear's arithmetic does not.
            for (int i = 0; i < table.cols; ++i) {
                float bias = load_float(table.dtype, source.biases, i / table.group);
                float scale = load_float(table.dtype, source.scales, i / table.group);
                float code = std::rint((out[i] - bias) / (scale == 0 ? 1.f : scale));
                out[i] = round_to(table.dtype, code * scale) + bias;
            }
        }
    }
    kernels_.round(y.dtype, data(y), static_cast<int64_t>(y.rows) * y.cols);
    return y;
}

Tensor CpuOps::arranged(Tensor x, const Weight& w, DType dtype) {
    const Kernels& kernels = sums(dtype);
    Packing packing{w.storage, w.dtype, w.bits, w.group, x.dtype};
    if (kernels.arrange == nullptr || x.rows == 0) return x;
    Tensor y = make(x.rows, x.cols, x.dtype);
    if (!kernels.arrange(packing, data(x), w.cols, data(y))) return x;
    rows(x.rows * (x.cols / w.cols) - 1, w.cols, [&](int part, int) {  // a row has one for every head of the weight
        int64_t at = static_cast<int64_t>(part + 1) * w.cols;
        kernels.arrange(packing, data(x) + at, w.cols, data(y) + at);
    });
    return y;
}

void CpuOps::multiply_rows(const float* x, int64_t x_stride, int tokens, const Weight& w, int expert, int first,
                           int row_count, DType dtype, float* y, int64_t y_stride, int worker) {
    if (rounded_ && w.storage != Storage::kDense && dtype != DType::kF32)
        return multiply_rows_rounded(x, x_stride, tokens, w, expert, first, row_count, dtype, y, y_stride, worker);
    WeightRow block[kRowBlock];
    for (int r = 0; r < row_count; ++r) block[r] = w.row(expert, first + r);
    int groups = w.storage == Storage::kDense ? 0 : w.cols / w.group;
    float* space = scratch(worker, static_cast<int64_t>(kRowBlock) * (w.cols + 2 * groups + 2));
    // A product in bfloat16 has such inputs.
    sums(dtype).multiply({w.storage, w.dtype, w.bits, w.group, dtype}, block, row_count, w.cols, x, x_stride, tokens,
                         space, y, y_stride);
}

void CpuOps::multiply_rows_rounded(const float* x, int64_t x_stride, int tokens, const Weight& w, int expert, int first,
                                   int row_count, DType dtype, float* y, int64_t y_stride, int worker) {
    int groups = w.cols / w.group;
    int64_t side = static_cast<int64_t>(kRowBlock) * w.cols;
    float* block = scratch(worker, side + kRowBlock * groups + w.cols + groups);
    float* scales = block + side;
    float* row = scales + kRowBlock * groups;
    std::fill_n(block, side + kRowBlock * groups, 0.f);
    bool scaled = false;
    for (int r = 0; r < row_count; ++r) {
        scaled = dequantise_rounded(w.storage, w.bits, w.group, w.dtype, dtype, w.row(expert, first + r), w.cols, row,
                                    row + w.cols);
        for (int i = 0; i < w.cols; ++i) block[i * kRowBlock + r] = row[i];
        for (int g = 0; scaled && g < groups; ++g) scales[g * kRowBlock + r] = row[w.cols + g];
    }
    kernels_.matmul_rounded(dtype == DType::kF16, x, x_stride, tokens, block, w.cols, w.group,
                            scaled ? scales : nullptr, row_count, y, y_stride);
}

Tensor CpuOps::linear(Tensor x, const Linear& linear) {
    const Weight& w = linear.weight;
    if (x.cols != w.cols) fail(FM_INTERNAL, w.name, " takes ", w.cols, " features, not ", x.cols);
    bool fp = w.storage == Storage::kMxfp4 || w.storage == Storage::kNvfp4 || w.storage == Storage::kMxfp8;
    DType product = fp ? x.dtype : promote(x.dtype, w.dtype);
    DType result = linear.bias ? promote(product, linear.bias.dtype) : product;
    Tensor y = make(x.rows, w.rows, result);
    if (x.rows == 0) return y;
    x = arranged(x, w, product);
    const float* bias = floats(linear.bias);
    bool round_first = w.storage != Storage::kDense;  // a dense product with bias is rounded once, in MLX's addmm
    int blocks = (w.rows + kRowBlock - 1) / kRowBlock;
    auto body = [&](int block, int worker) {
        int first = block * kRowBlock, count = std::min(kRowBlock, w.rows - first);
        float* out = data(y) + first;
        multiply_rows(data(x), x.cols, x.rows, w, 0, first, count, product, out, y.cols, worker);
        for (int t = 0; t < x.rows; ++t, out += y.cols) {
            if (bias != nullptr) {
                if (round_first) kernels_.round(product, out, count);
                for (int r = 0; r < count; ++r) out[r] += bias[first + r];
            }
            kernels_.round(result, out, count);
        }
    };
    rows(blocks, static_cast<int64_t>(kRowBlock) * w.cols * std::max(1, x.rows), body);
    return y;
}

}  // namespace fastmlx
