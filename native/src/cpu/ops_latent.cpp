#include <algorithm>
#include <cmath>

#include "cpu/ops.h"
#include "engine/failure.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

constexpr int kRowBlock = 16;

// Softmax of one query over `keys` scores, then the sum of values: float32 inside, rounded as MLX's CPU does.
void mix_values(const Kernels& kernels, DType dtype, float* scores, int keys, const float* values, int width,
                float* out) {
    float best = *std::max_element(scores, scores + keys), sum = 0;
    for (int j = 0; j < keys; ++j) sum += scores[j] = std::exp(scores[j] - best);
    for (int j = 0; j < keys; ++j) scores[j] /= sum;
    kernels.round(dtype, scores, keys);
    std::fill_n(out, width, 0.f);
    kernels.weigh(scores, keys, 1, values, keys, width, out, width);
    kernels.round(dtype, out, width);
}

// One head's matrix in MLX's CPU arithmetic: every product and every sum of a quantised one is rounded. The small
// floats' scales are no part of the values: along a row they multiply a group's sum, across rows the input.
class HeadMatrix {
  public:
    HeadMatrix(const Weight& w, int head, DType dtype)
        : dtype_(dtype),
          quantised_(w.storage != Storage::kDense),
          rows_(w.rows),
          cols_(w.cols),
          group_(quantised_ ? w.group : w.cols),
          values_(static_cast<size_t>(w.rows) * static_cast<size_t>(w.cols)),
          scales_(static_cast<size_t>(w.rows) * static_cast<size_t>(w.cols / group_)) {
        for (int r = 0; r < w.rows; ++r) {
            float* row = values_.data() + static_cast<int64_t>(r) * w.cols;
            if (!quantised_)
                dequantise_plain(w.storage, w.bits, w.group, w.dtype, w.row(head, r), w.cols, row);
            else
                scaled_ = dequantise_rounded(w.storage, w.bits, w.group, w.dtype, dtype, w.row(head, r), w.cols, row,
                                             scales_.data() + static_cast<int64_t>(r) * (w.cols / group_));
        }
    }

    float along_row(const float* x, int row) const {
        float total = 0;
        int step = scaled_ ? group_ : cols_;
        for (int start = 0; start < cols_; start += step) {
            float sum = 0;
            for (int i = start; i < start + step; ++i) sum = rounded(sum + rounded(x[i] * value(row, i)));
            total = scaled_ ? rounded(total + rounded(sum * scale(row, start))) : sum;
        }
        return total;
    }

    float across_rows(const float* x, int col) const {
        float sum = 0;
        for (int i = 0; i < rows_; ++i) {
            float in = scaled_ ? rounded(x[i] * scale(i, col)) : x[i];
            sum = rounded(sum + rounded(in * value(i, col)));
        }
        return sum;
    }

  private:
    float rounded(float x) const { return quantised_ ? round_to(dtype_, x) : x; }
    float value(int row, int col) const { return values_[static_cast<size_t>(row * cols_ + col)]; }
    float scale(int row, int col) const { return scales_[static_cast<size_t>((row * cols_ + col) / group_)]; }

    DType dtype_;
    bool quantised_, scaled_ = false;
    int rows_, cols_, group_;
    std::vector<float> values_, scales_;
};

}  // namespace

Tensor CpuOps::linear_heads(Tensor x, const Weight& w) {
    if (x.cols != w.experts * w.cols)
        fail(FM_INTERNAL, w.name, " takes ", w.experts * w.cols, " features, not ", x.cols);
    bool fp = w.storage != Storage::kDense && w.storage != Storage::kAffine;
    Tensor y = make(x.rows, w.experts * w.rows, fp ? x.dtype : promote(x.dtype, w.dtype));
    if (x.rows == 0) return y;
    x = arranged(x, w, y.dtype);
    rows(w.experts, static_cast<int64_t>(w.rows) * w.cols * x.rows, [&](int head, int worker) {
        const float* from = data(x) + static_cast<int64_t>(head) * w.cols;
        float* to = data(y) + static_cast<int64_t>(head) * w.rows;
        for (int first = 0; first < w.rows; first += kRowBlock)
            multiply_rows(from, x.cols, x.rows, w, head, first, std::min(kRowBlock, w.rows - first), y.dtype,
                          to + first, y.cols, worker);
        for (int t = 0; t < x.rows; ++t) kernels_.round(y.dtype, to + static_cast<int64_t>(t) * y.cols, w.rows);
    });
    return y;
}

// Absorbed: queries move into the latent space, so that past keys and values need not be expanded. One path for all
// counts of tokens, and so the same bits for a chunk and a single token. Only the parity arithmetic does as MLX does:
// there a span of several tokens is expanded.
Tensor CpuOps::attend_latent(Tensor q, Tensor turned_q, Tensor latent, Tensor turned_k, const LatentSpec& spec) {
    AttendSpec attend_spec;
    attend_spec.state = spec.state;
    attend_spec.heads = spec.heads;
    attend_spec.scale = spec.scale;
    attend_spec.tail = spec.turning;
    Tensor query = concat(linear_heads(q, spec.embed_q), turned_q, spec.heads);
    Tensor y = linear_heads(attend(query, concat(latent, turned_k, 1), {}, attend_spec), spec.unembed_out);
    if (rounded_ && q.dtype != DType::kF32)
        for (const Span& span : layout_.spans(q))
            if (span.count > 1) attend_expanded(span, q, turned_q, spec, y);
    return y;
}

// x: (tokens, in) times one head's matrix (rows, cols): · Wᵀ where transposed, else · W. Slow: for parity only.
void CpuOps::expand(const Weight& w, int head, bool transposed, const float* x, int x_stride, int tokens, DType dtype,
                    float* out) {
    HeadMatrix matrix(w, head, dtype);
    int width = transposed ? w.rows : w.cols;
    for (int t = 0; t < tokens; ++t) {
        const float* from = x + static_cast<int64_t>(t) * x_stride;
        for (int o = 0; o < width; ++o)
            out[static_cast<int64_t>(t) * width + o] =
                round_to(dtype, transposed ? matrix.along_row(from, o) : matrix.across_rows(from, o));
    }
}

void CpuOps::attend_expanded(const Span& span, Tensor q, Tensor turned_q, const LatentSpec& spec, Tensor out) {
    int length = span.first + span.count, width = spec.latent + spec.turning;
    int pages = (length + kPageTokens - 1) / kPageTokens;
    float* past = arena_.floats(static_cast<int64_t>(pages) * kPageTokens * width);
    for (int i = 0; i < pages; ++i) {
        float* to = past + static_cast<int64_t>(i) * kPageTokens * width;
        const float* from = load_page(spec.state, timelines_.page(span.slot, spec.state, i), 0, false, to);
        if (from != to) std::copy_n(from, kPageTokens * width, to);
    }
    float* keys = arena_.floats(static_cast<int64_t>(length) * spec.nope);
    float* values = arena_.floats(static_cast<int64_t>(length) * spec.values);
    std::vector<float> query(static_cast<size_t>(std::max(spec.nope, spec.turning)));
    std::vector<float> scores(static_cast<size_t>(length)), tails(static_cast<size_t>(length));
    float scale = round_to(q.dtype, spec.scale);
    auto dot_all = [&](Tensor from, int row, int head, int count, const float* to, int stride, float* result,
                       int keys_seen) {
        const float* source = data(from) + static_cast<int64_t>(row) * from.cols + static_cast<int64_t>(head) * count;
        for (int i = 0; i < count; ++i) query[static_cast<size_t>(i)] = round_to(q.dtype, source[i] * scale);
        kernels_.matmul(query.data(), count, 1, to, stride, keys_seen, count, result, keys_seen);
        kernels_.round(q.dtype, result, keys_seen);
    };
    for (int head = 0; head < spec.heads; ++head) {
        expand(spec.embed_q, head, false, past, width, length, q.dtype, keys);
        expand(spec.unembed_out, head, true, past, width, length, q.dtype, values);
        for (int i = 0; i < span.count; ++i) {
            int row = span.row + i, seen = span.first + i + 1;
            dot_all(q, row, head, spec.nope, keys, spec.nope, scores.data(), seen);
            dot_all(turned_q, row, head, spec.turning, past + spec.latent, width, tails.data(), seen);
            for (int j = 0; j < seen; ++j) scores[static_cast<size_t>(j)] += tails[static_cast<size_t>(j)];
            kernels_.round(q.dtype, scores.data(), seen);
            float* target = data(out) + static_cast<int64_t>(row) * out.cols + static_cast<int64_t>(head) * spec.values;
            mix_values(kernels_, q.dtype, scores.data(), seen, values, spec.values, target);
        }
    }
}

}  // namespace fastmlx
