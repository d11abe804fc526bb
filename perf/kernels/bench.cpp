// Kernels beside the machine's limits, one thread, in CPU time, so that other load costs little:
//   fastmlx_kernels [ROWS COLS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <vector>

#include "cpu/kernels.h"
#include "weights/dequantise.h"

namespace {

using namespace fastmlx;

double cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Best of several runs, seconds of one call.
double time_of(const std::function<void()>& body) {
    body();
    double best = 1e9;
    for (int round = 0; round < 4; ++round) {
        int calls = 0;
        double start = cpu(), now = start;
        for (; now - start < 0.005; now = cpu(), ++calls) body();
        best = std::min(best, (now - start) / calls);
    }
    return best;
}

struct Matrix {
    Packing packing;
    int rows, cols;
    std::vector<uint8_t> data, scales, biases;
    int64_t row_bytes, scale_bytes;

    Matrix(Packing p, int row_count, int col_count) : packing(p), rows(row_count), cols(col_count) {
        std::mt19937 random(7);
        bool dense = p.storage == Storage::kDense;
        row_bytes = dense ? static_cast<int64_t>(cols) * dtype_bytes(p.dtype) : static_cast<int64_t>(cols) * p.bits / 8;
        scale_bytes = dense ? 0 : cols / p.group * (p.storage == Storage::kAffine ? dtype_bytes(p.dtype) : 1);
        data.resize(static_cast<size_t>(rows * row_bytes));
        for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
        if (dense)  // small finite numbers
            for (int64_t i = 0; i < static_cast<int64_t>(rows) * cols; ++i)
                store_float(p.dtype, data.data(), i, static_cast<float>(i % 17) - 8.f);
        scales.resize(static_cast<size_t>(rows * scale_bytes), 0x3C);
        biases = scales;
    }
    WeightRow row(int r) const {
        return {data.data() + r * row_bytes, scales.data() + r * scale_bytes, biases.data() + r * scale_bytes};
    }
    double bytes() const {
        return static_cast<double>(rows) *
               static_cast<double>(row_bytes + scale_bytes * (packing.storage == Storage::kAffine ? 2 : 1));
    }
};

double multiply_time(const Kernels& kernels, const Matrix& m, int tokens) {
    std::vector<float> x(static_cast<size_t>(tokens) * static_cast<size_t>(m.cols), 0.5f);
    Packing packing = m.packing;
    packing.inputs = DType::kBF16;
    for (int t = 0; t < tokens && kernels.arrange != nullptr; ++t) {
        std::vector<float> row(static_cast<size_t>(m.cols), 0.5f);
        kernels.arrange(packing, row.data(), m.cols, x.data() + static_cast<int64_t>(t) * m.cols);
    }
    std::vector<float> y(static_cast<size_t>(tokens) * static_cast<size_t>(m.rows));
    std::vector<float> scratch(static_cast<size_t>(m.cols) * 16 * 2);
    return time_of([&] {
        for (int first = 0; first < m.rows; first += 16) {
            WeightRow rows[16];
            for (int r = 0; r < 16; ++r) rows[r] = m.row(first + r);
            kernels.multiply(packing, rows, 16, m.cols, x.data(), m.cols, tokens, scratch.data(), y.data() + first,
                             m.rows);
        }
    });
}

}  // namespace

double fma_peak_avx512();  // GFLOP/s of a loop of independent operations
double fma_peak_avx2();

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    int rows = argc > 2 ? std::atoi(argv[1]) : 4096, cols = argc > 2 ? std::atoi(argv[2]) : 4096;
    std::vector<uint8_t> from(256u << 20, 1), to(256u << 20);
    double copy = time_of([&] { std::memcpy(to.data(), from.data(), from.size()); });
    volatile uint64_t sink = 0;
    double read = time_of([&] {
        uint64_t sum = 0;
        const auto* words = reinterpret_cast<const uint64_t*>(from.data());
        for (size_t i = 0; i < from.size() / 8; ++i) sum += words[i];
        sink = sum;
    });
    std::printf("memcpy %.1f GB/s (read + write), reading %.1f GB/s\n",
                2 * static_cast<double>(from.size()) / copy / 1e9, static_cast<double>(from.size()) / read / 1e9);
    struct Case {
        const char* name;
        Packing packing;
    };
    const Case cases[] = {
        {"f32", {Storage::kDense, DType::kF32, 0, 0}},          {"bf16", {Storage::kDense, DType::kBF16, 0, 0}},
        {"f16", {Storage::kDense, DType::kF16, 0, 0}},          {"2 bit g64", {Storage::kAffine, DType::kBF16, 2, 64}},
        {"3 bit g64", {Storage::kAffine, DType::kBF16, 3, 64}}, {"4 bit g64", {Storage::kAffine, DType::kBF16, 4, 64}},
        {"4 bit g32", {Storage::kAffine, DType::kBF16, 4, 32}}, {"5 bit g64", {Storage::kAffine, DType::kBF16, 5, 64}},
        {"6 bit g64", {Storage::kAffine, DType::kBF16, 6, 64}}, {"8 bit g64", {Storage::kAffine, DType::kBF16, 8, 64}},
        {"mxfp4", {Storage::kMxfp4, DType::kBF16, 4, 32}},      {"nvfp4", {Storage::kNvfp4, DType::kBF16, 4, 16}},
        {"mxfp8", {Storage::kMxfp8, DType::kBF16, 8, 32}},
    };
    const Kernels* tables[8];
    int count = all_kernels(tables, 8);
    for (int t = 0; t < count; ++t) {
        bool plain = std::strcmp(tables[t]->name, "plain") == 0;
        if (!plain)
            std::printf("%s: FMA peak %.1f GFLOP/s\n", tables[t]->name,
                        std::strncmp(tables[t]->name, "avx512", 6) == 0 ? fma_peak_avx512() : fma_peak_avx2());
        for (const Case& c : cases) {
            int used = plain ? 256 : rows;
            Matrix m(c.packing, used, cols);
            double one = multiply_time(*tables[t], m, 1), four = multiply_time(*tables[t], m, 4),
                   eight = multiply_time(*tables[t], m, 8);
            int many = plain ? 8 : 512;
            if (!plain) m.rows = 256;
            double gemm = multiply_time(*tables[t], m, many);
            double flops = 2.0 * m.rows * m.cols * many;
            m.rows = used;
            std::printf("%-10s %-10s 1 row %6.2f GB/s  4 rows %6.2f GB/s  8 rows %6.2f GB/s  %d rows %7.2f GFLOP/s\n",
                        tables[t]->name, c.name, m.bytes() / one / 1e9, m.bytes() / four / 1e9, m.bytes() / eight / 1e9,
                        many, flops / gemm / 1e9);
        }
    }
    return 0;
}
