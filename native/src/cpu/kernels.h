#pragma once
#include <cstdint>

#include "weights/weight.h"

namespace fastmlx {

struct Packing {  // how a matrix's rows are stored
    Storage storage;
    DType dtype;
    int bits, group;
    DType inputs = DType::kF32;  // the format that the values of x already have
};

// Queries of one key-value head and what they have read so far: attention page by page with a running softmax (Milakov
// and Gimelshein, arXiv 1805.02867, as in FlashAttention).
struct PageTile {
    int rows, k_dim, v_dim;
    const uint16_t* queries;   // (rows, k_dim) in bfloat16, scaled
    const int32_t *from, *to;  // each row sees keys [from, to) of the page, at least one
    float *most, *total;       // (rows) the largest score, at first the lowest float; the sum of e^(score - most), 0
    float* mixed;              // (rows, v_dim) values weighted by e^(score - most), at first 0
    uint16_t* paired;          // room for page_tokens · max(k_dim, v_dim)
    float* scores;             // room for (rows, page_tokens)
};

// The hot loops. One table per instruction set, chosen once at start. In every table each output element is summed in
// an order that depends on the length only, never on the number of tokens or rows: that makes a batch, a chunk and a
// single token give the same bits.
struct Kernels {
    const char* name;
    // Row of `count` elements (whole groups) as float32.
    void (*dequantise)(Storage storage, int bits, int group, DType dtype, WeightRow row, int count, float* out);
    // y[t·y_stride + r] = Σ x[t·x_stride + i] · row r, element i; i < count. scratch: row_count · (count + 2·groups +
    // 2)
    void (*multiply)(const Packing& packing, const WeightRow* rows, int row_count, int count, const float* x,
                     int64_t x_stride, int tokens, float* scratch, float* y, int64_t y_stride);
    // y[t·y_stride + r] = Σ x[t·x_stride + i] · w[r·w_stride + i], i < count
    void (*matmul)(const float* x, int64_t x_stride, int tokens, const float* w, int64_t w_stride, int rows, int count,
                   float* y, int64_t y_stride);
    // out[r·out_stride + d] += Σ p[r·p_stride + j] · v[j·dim + d], j < keys in rising order
    void (*weigh)(const float* p, int64_t p_stride, int rows, const float* v, int keys, int dim, float* out,
                  int64_t out_stride);
    float (*sum_squares)(const float* x, int count);
    void (*round)(DType dtype, float* values, int64_t count);  // in place
    // Softmax in float32 over scores [first, last], rounded to `dtype`; zero elsewhere in [0, count). A sink (may be
    // null) takes part in the sum only.
    void (*softmax)(DType dtype, float* scores, int count, int first, int last, const float* sink);
    // out = round(gate · sigmoid(gate)) · up, MLX's steps rounded to `dtype`; without `up` (null) the first factor. The
    // last product is left to the caller to round.
    void (*silu_gate)(DType dtype, const float* gate, const float* up, float* out, int count);
    // Pairs (i, i + half) of one head by their angles: products and sums rounded to `dtype`, sums left to the caller.
    void (*turn)(DType dtype, const float* in, const float* cosines, const float* sines, int half, float* out);
    // MLX's CPU arithmetic for quantised weights: rounded to bf16 (or f16: half) after every product and sum. wt:
    // (count, 16), up to 16 rows side by side; scales: (count / group, 16), or null where wt has them in.
    void (*matmul_rounded)(bool half, const float* x, int64_t x_stride, int tokens, const float* wt, int count,
                           int group, const float* scales, int rows, float* y, int64_t y_stride);
    // Deals a row of x to `out` in the order that multiply wants it in for this packing; false: it takes x as it is.
    // Null: for every packing.
    bool (*arrange)(const Packing& packing, const float* x, int count, float* out) = nullptr;
    // Reads a page of 64 keys (k_dim, 64) and values (64, v_dim) in bfloat16; k_dim is even, v_dim a multiple of 16.
    // Values beyond the last row's `to` are not looked at. Null: not on this machine.
    void (*attend_page)(const PageTile& tile, const uint16_t* keys, const uint16_t* values) = nullptr;
};

const Kernels& plain_kernels();
const Kernels* avx2_kernels();  // null where this machine, or this build, cannot
const Kernels* avx512_kernels();
const Kernels* avx512bf16_kernels();
const Kernels* neon_kernels();
const Kernels& best_kernels();         // for this machine; FM tests compare all that run here
const Kernels& pick_kernels(int set);  // 0 = the best, else FM_KERNELS_* >> 8; Failure where it cannot run
int all_kernels(const Kernels** out, int capacity);  // those this machine can run, the plain ones first

}  // namespace fastmlx
