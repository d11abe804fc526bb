// Every table this machine can run against the plain loops, on random shapes with odd tails. Prints one line per check
// that fails and `N checks, M failed` at the end; the seed is the only argument.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "cpu/kernels.h"
#include "weights/dequantise.h"

namespace {

using namespace fastmlx;
using Floats = std::vector<float>;

class Tests {
  public:
    Tests(const Kernels& table, uint32_t seed) : k_(table), random_(seed) {}
    void run();
    int checks = 0, failed = 0;

  private:
    int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    float value() { return std::normal_distribution<float>(0, 1)(random_); }
    Floats values(int64_t count) {
        Floats out(static_cast<size_t>(count));
        for (float& x : out) x = value();
        return out;
    }
    DType any_dtype() { return static_cast<DType>(pick(0, 2)); }
    void check(bool good, const std::string& what) {
        ++checks;
        if (good) return;
        ++failed;
        std::printf("%s: %s\n", k_.name, what.c_str());
    }
    // |a - b| <= tolerance · (1 + scale), where scale is the sum of the magnitudes that went into b.
    void near(const Floats& a, const Floats& b, float tolerance, const std::string& what) {
        float worst = 0;
        for (size_t i = 0; i < a.size(); ++i)
            worst = std::max(worst, std::isnan(a[i]) ? INFINITY : std::fabs(a[i] - b[i]));
        check(worst <= tolerance, what + " is off by " + std::to_string(worst));
    }
    static bool same(const Floats& a, const Floats& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
    }

    struct Matrix {
        Packing packing;
        int rows, cols;
        int64_t row_bytes, scale_bytes;
        std::vector<uint8_t> data, scales, biases;
        WeightRow row(int r) const {
            return {data.data() + r * row_bytes, scales.data() + r * scale_bytes, biases.data() + r * scale_bytes};
        }
    };
    Matrix matrix(Packing packing, int rows, int cols);
    void packing_of(const Packing& packing, const std::string& name);
    bool rounds_weights(const Packing& p) const {
        return std::string(k_.name) == "avx512bf16" && p.inputs == DType::kBF16 && p.storage == Storage::kAffine;
    }
    // By the plain loops, with every weight rounded to bfloat16.
    void dense_product(const std::vector<WeightRow>& block, const Packing& p, const Floats& x, int tokens, int cols,
                       Floats& y);
    void products();
    void sums_of_values();
    void softmaxes();
    struct PageCase {
        struct Page {
            std::vector<uint16_t> keys, values;
            std::vector<int32_t> from, to;
        };
        int rows, k_dim, v_dim;
        std::vector<uint16_t> queries;
        std::vector<Page> pages;
    };
    PageCase page_case();
    Floats attend(const PageCase& c, int row, int rows) const;
    static Floats attend_exactly(const PageCase& c);
    void attention_by_pages();
    void activations();
    void roundings();

    const Kernels& k_;
    const Kernels& plain_ = plain_kernels();
    std::mt19937 random_;
};

// The buffers end with the last row, so that a sanitiser or a guard page sees a read past it.
Tests::Matrix Tests::matrix(Packing p, int rows, int cols) {
    bool dense = p.storage == Storage::kDense, affine = p.storage == Storage::kAffine;
    Matrix m{p,
             rows,
             cols,
             dense ? int64_t{cols} * dtype_bytes(p.dtype) : int64_t{cols} * p.bits / 8,
             dense ? 0 : int64_t{cols} / p.group * (affine ? dtype_bytes(p.dtype) : 1),
             {},
             {},
             {}};
    m.data.resize(static_cast<size_t>(rows * m.row_bytes));
    m.scales.resize(static_cast<size_t>(rows * m.scale_bytes));
    m.biases.resize(m.scales.size());
    for (uint8_t& byte : m.data) byte = static_cast<uint8_t>(random_());
    if (dense)
        for (int64_t i = 0; i < int64_t{rows} * cols; ++i) store_float(p.dtype, m.data.data(), i, value());
    if (affine)
        for (int64_t i = 0; i < int64_t{rows} * cols / p.group; ++i) {
            store_float(p.dtype, m.scales.data(), i, value() / static_cast<float>(1 << p.bits));
            store_float(p.dtype, m.biases.data(), i, value());
        }
    else
        for (uint8_t& byte : m.scales)  // about one; every code of the small float is tried by the data of mxfp8
            byte = static_cast<uint8_t>(p.storage == Storage::kNvfp4 ? pick(0x28, 0x48) : pick(122, 130));
    return m;
}

void Tests::dense_product(const std::vector<WeightRow>& block, const Packing& p, const Floats& x, int tokens, int cols,
                          Floats& y) {
    auto rows = static_cast<int>(block.size());
    Floats weights(static_cast<size_t>(rows * cols));
    for (int r = 0; r < rows; ++r)
        plain_.dequantise(p.storage, p.bits, p.group, p.dtype, block[static_cast<size_t>(r)], cols,
                          weights.data() + int64_t{r} * cols);
    if (p.dtype == DType::kBF16 && p.bits <= 5)
        for (float& w : weights) w = round_to(DType::kBF16, w);
    plain_.matmul(x.data(), cols, tokens, weights.data(), cols, rows, cols, y.data(), rows);
}

void Tests::packing_of(const Packing& p, const std::string& name) {
    int unit = p.storage == Storage::kDense ? 1 : p.group;
    for (int round = 0; round < 6; ++round) {
        int cols = unit * pick(1, p.storage == Storage::kDense ? 300 : 7), rows = pick(1, 16), tokens = pick(1, 21);
        std::string what =
            name + " (" + std::to_string(rows) + ", " + std::to_string(cols) + ") by " + std::to_string(tokens);
        Matrix m = matrix(p, rows, cols);
        std::vector<WeightRow> block;
        for (int r = 0; r < rows; ++r) block.push_back(m.row(r));
        Floats ours(static_cast<size_t>(cols)), theirs(ours);
        k_.dequantise(p.storage, p.bits, p.group, p.dtype, block.back(), cols, ours.data());
        plain_.dequantise(p.storage, p.bits, p.group, p.dtype, block.back(), cols, theirs.data());
        if (p.storage == Storage::kAffine)
            near(ours, theirs, 2e-6f, what + " dequantised");  // one rounding instead of two
        else
            check(same(ours, theirs), what + " dequantised is not the same");

        Floats x = values(int64_t{tokens} * cols), y(static_cast<size_t>(tokens * rows)), z(y);
        for (float& v : x) v = round_to(p.inputs, v);
        Floats scratch(static_cast<size_t>(16 * (3 * cols + 2)));
        Floats dealt = x;
        for (int t = 0; t < tokens && k_.arrange != nullptr; ++t)
            k_.arrange(p, x.data() + int64_t{t} * cols, cols, dealt.data() + int64_t{t} * cols);
        k_.multiply(p, block.data(), rows, cols, dealt.data(), cols, tokens, scratch.data(), y.data(), rows);
        plain_.multiply(p, block.data(), rows, cols, x.data(), cols, tokens, scratch.data(), z.data(), rows);
        float size = 0;
        for (float w : theirs) size = std::max(size, std::fabs(w));
        float tolerance = 3e-6f * (1 + 3 * size) * static_cast<float>(cols);
        if (rounds_weights(p)) {
            dense_product(block, p, x, tokens, cols, z);
            tolerance += 0x1p-6f * size;  // a few weights at the edge between two values
        }
        near(y, z, tolerance, what);
        for (int t = 0; t < tokens; ++t) {  // a token alone, and beside any number of others: the same bits
            int others = pick(1, tokens - t);
            Floats part(static_cast<size_t>(others * rows));
            k_.multiply(p, block.data(), rows, cols, dealt.data() + int64_t{t} * cols, cols, others, scratch.data(),
                        part.data(), rows);
            check(std::memcmp(part.data(), y.data() + t * rows, part.size() * 4) == 0,
                  what + " depends on the tokens beside it");
        }
        for (int r = 0; r < rows; ++r) {  // and a row alone
            Floats part(static_cast<size_t>(tokens));
            k_.multiply(p, block.data() + r, 1, cols, dealt.data(), cols, tokens, scratch.data(), part.data(), 1);
            bool equal = true;
            for (int t = 0; t < tokens; ++t)
                equal &= part[static_cast<size_t>(t)] == y[static_cast<size_t>(t * rows + r)];
            check(equal, what + " depends on the rows beside it");
        }
    }
}

void Tests::products() {
    for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
        std::string type = dtype_name(dtype);
        packing_of({Storage::kDense, dtype, 0, 0}, type);
        for (int bits : {2, 3, 4, 5, 6, 8})
            for (int group : {32, 64, 128})
                packing_of({Storage::kAffine, dtype, bits, group},
                           std::to_string(bits) + " bits, group " + std::to_string(group) + ", " + type);
    }
    constexpr DType kPairs = DType::kBF16;
    packing_of({Storage::kDense, kPairs, 0, 0, kPairs}, "bf16 by bf16");
    for (int bits : {2, 3, 4, 5, 6, 8})
        for (int group : {32, 64, 128})
            packing_of({Storage::kAffine, kPairs, bits, group, kPairs},
                       std::to_string(bits) + " bits, group " + std::to_string(group) + " by bf16");
    packing_of({Storage::kMxfp4, kPairs, 4, 32, kPairs}, "mxfp4 by bf16");
    packing_of({Storage::kMxfp4, DType::kBF16, 4, 32}, "mxfp4");
    packing_of({Storage::kNvfp4, DType::kBF16, 4, 16}, "nvfp4");
    packing_of({Storage::kMxfp8, DType::kBF16, 8, 32}, "mxfp8");
}

void Tests::sums_of_values() {
    for (int round = 0; round < 60; ++round) {
        int rows = pick(1, 11), keys = pick(0, 90), dim = pick(1, 150);
        Floats p = values(int64_t{rows} * (keys + 3)), v = values(int64_t{keys} * dim),
               start = values(int64_t{rows} * dim);
        Floats ours = start, theirs = start, single = start;
        k_.weigh(p.data(), keys + 3, rows, v.data(), keys, dim, ours.data(), dim);
        plain_.weigh(p.data(), keys + 3, rows, v.data(), keys, dim, theirs.data(), dim);
        std::string what =
            "weigh of " + std::to_string(rows) + ", " + std::to_string(keys) + ", " + std::to_string(dim);
        near(ours, theirs, 1e-4f, what);
        int cut = pick(0, keys);  // row by row and in two parts: the same bits
        for (int r = 0; r < rows; ++r) {
            k_.weigh(p.data() + r * (keys + 3), 0, 1, v.data(), cut, dim, single.data() + r * dim, dim);
            k_.weigh(p.data() + r * (keys + 3) + cut, 0, 1, v.data() + int64_t{cut} * dim, keys - cut, dim,
                     single.data() + r * dim, dim);
        }
        check(same(ours, single), what + " depends on how it is cut");
        Floats x = values(pick(1, 700));
        float a = k_.sum_squares(x.data(), static_cast<int>(x.size()));
        float b = plain_.sum_squares(x.data(), static_cast<int>(x.size()));
        check(std::fabs(a - b) <= 1e-5f * b, "sum of squares");
    }
}

void Tests::softmaxes() {
    for (int round = 0; round < 100; ++round) {
        int count = pick(1, 400), first = pick(0, count - 1), last = pick(first, count - 1);
        DType dtype = any_dtype();
        Floats ours = values(count);
        for (float& x : ours) x *= 5;
        Floats theirs = ours, longer(64, 1e30f);
        longer.insert(longer.end(), ours.begin(), ours.end());
        float sink = value();
        const float* use = pick(0, 1) == 0 ? nullptr : &sink;
        k_.softmax(dtype, ours.data(), count, first, last, use);
        plain_.softmax(dtype, theirs.data(), count, first, last, use);
        near(ours, theirs, dtype == DType::kF32 ? 1e-6f : 4e-3f, "softmax");
        k_.softmax(dtype, longer.data(), count + 64, first + 64, last + 64, use);
        check(std::memcmp(longer.data() + 64, ours.data(), ours.size() * 4) == 0, "softmax depends on its tile");
    }
}

Tests::PageCase Tests::page_case() {
    PageCase c;
    c.rows = pick(1, 21), c.k_dim = 2 * pick(1, 70), c.v_dim = 16 * pick(1, 10);
    auto halves = [&](int64_t size, float scale) {
        std::vector<uint16_t> out(static_cast<size_t>(size));
        for (uint16_t& half : out) store_float(DType::kBF16, reinterpret_cast<uint8_t*>(&half), 0, value() * scale);
        return out;
    };
    c.queries = halves(int64_t{c.rows} * c.k_dim, 0.5f);
    for (int page = pick(1, 5); page > 0; --page) {
        std::vector<int32_t> from, to;
        for (int r = 0; r < c.rows; ++r) {
            from.push_back(pick(0, 2) == 0 ? pick(0, 63) : 0);
            to.push_back(pick(0, 2) == 0 ? pick(from.back() + 1, 64) : 64);
        }
        to.back() = *std::max_element(to.begin(), to.end());
        auto values = halves(int64_t{64} * c.v_dim, 1);
        for (auto i = static_cast<size_t>(to.back() * c.v_dim); i < values.size(); ++i)
            values[i] = 0x7FC0;  // what nobody wrote may be NaN
        c.pages.push_back({halves(int64_t{64} * c.k_dim, 1), values, from, to});
    }
    return c;
}

Floats Tests::attend(const PageCase& c, int row, int rows) const {
    auto size = static_cast<size_t>(rows), at = static_cast<size_t>(row);
    Floats most(size, -3.4028235e38f), total(size), mixed(size * static_cast<size_t>(c.v_dim)), scores(size * 64);
    std::vector<uint16_t> paired(static_cast<size_t>(64 * std::max(c.k_dim, c.v_dim)));
    for (const PageCase::Page& page : c.pages)
        k_.attend_page({rows, c.k_dim, c.v_dim, c.queries.data() + row * c.k_dim, page.from.data() + at,
                        page.to.data() + at, most.data(), total.data(), mixed.data(), paired.data(), scores.data()},
                       page.keys.data(), page.values.data());
    for (size_t i = 0; i < mixed.size(); ++i) mixed[i] /= total[i / static_cast<size_t>(c.v_dim)];
    return mixed;
}

// The same in double, by the definition.
Floats Tests::attend_exactly(const PageCase& c) {
    auto at = [](const std::vector<uint16_t>& halves, int64_t i) {
        return double{load_float(DType::kBF16, reinterpret_cast<const uint8_t*>(halves.data()), i)};
    };
    Floats out;
    for (int r = 0; r < c.rows; ++r) {
        std::vector<double> sums(static_cast<size_t>(c.v_dim));
        double total = 0;
        for (const PageCase::Page& page : c.pages)
            for (int j = page.from[static_cast<size_t>(r)]; j < page.to[static_cast<size_t>(r)]; ++j) {
                double score = 0;
                for (int d = 0; d < c.k_dim; ++d) score += at(c.queries, r * c.k_dim + d) * at(page.keys, d * 64 + j);
                total += std::exp(score);
                for (int d = 0; d < c.v_dim; ++d)
                    sums[static_cast<size_t>(d)] += std::exp(score) * at(page.values, j * c.v_dim + d);
            }
        for (double sum : sums) out.push_back(static_cast<float>(sum / total));
    }
    return out;
}

void Tests::attention_by_pages() {
    for (int round = 0; k_.attend_page != nullptr && round < 60; ++round) {
        PageCase c = page_case();
        std::string what = "attention of " + std::to_string(c.rows) + " rows, " + std::to_string(c.k_dim) + " by " +
                           std::to_string(c.v_dim) + ", " + std::to_string(c.pages.size()) + " pages";
        Floats all = attend(c, 0, c.rows), single;
        for (int r = 0; r < c.rows; ++r) {
            Floats one = attend(c, r, 1);
            single.insert(single.end(), one.begin(), one.end());
        }
        check(same(all, single), what + " depends on the rows beside it");
        near(all, attend_exactly(c), 1e-2f, what);
    }
}

void Tests::activations() {
    for (int round = 0; round < 100; ++round) {
        int count = pick(1, 200);
        DType dtype = any_dtype();
        Floats gate = values(count), up = values(count), ours(gate.size()), theirs(gate.size());
        for (float& x : gate) x = round_to(dtype, x * 20);
        gate[0] = pick(0, 1) == 0 ? 100.f : -100.f;
        const float* use = pick(0, 1) == 0 ? nullptr : up.data();
        k_.silu_gate(dtype, gate.data(), use, ours.data(), count);
        plain_.silu_gate(dtype, gate.data(), use, theirs.data(), count);
        bool good = true;  // a unit of the format
        float unit = dtype == DType::kF32 ? 1e-6f : dtype == DType::kF16 ? 1e-3f : 8e-3f;
        for (size_t i = 0; i < ours.size(); ++i)
            good &= std::fabs(ours[i] - theirs[i]) <= unit * (std::fabs(theirs[i]) + unit * std::fabs(gate[i]));
        check(good, std::string("silu in ") + dtype_name(dtype));
        int half = pick(1, 70);
        Floats in = values(2 * half), c = values(half), s = values(half), a(in.size()), b(in.size());
        k_.turn(dtype, in.data(), c.data(), s.data(), half, a.data());
        plain_.turn(dtype, in.data(), c.data(), s.data(), half, b.data());
        check(same(a, b), "turn is not the same");
    }
}

void Tests::roundings() {
    for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16})
        for (int round = 0; round < 200; ++round) {
            Floats ours(static_cast<size_t>(pick(1, 100)));
            for (float& x : ours) {
                uint32_t bits = static_cast<uint32_t>(random_());
                std::memcpy(&x, &bits, 4);
                if (std::isnan(x)) x = NAN;  // which NaN is left open
            }
            Floats theirs = ours;
            k_.round(dtype, ours.data(), static_cast<int64_t>(ours.size()));
            plain_.round(dtype, theirs.data(), static_cast<int64_t>(theirs.size()));
            bool good = true;
            for (size_t i = 0; i < ours.size(); ++i)
                good &= std::isnan(theirs[i]) ? std::isnan(ours[i]) : std::memcmp(&ours[i], &theirs[i], 4) == 0;
            check(good, std::string("rounding to ") + dtype_name(dtype));
        }
}

void Tests::run() {
    products();
    sums_of_values();
    softmaxes();
    attention_by_pages();
    activations();
    roundings();
}

}  // namespace

int main(int argc, char** argv) {
    uint32_t seed = argc > 1 ? static_cast<uint32_t>(std::atoll(argv[1])) : 1;
    const Kernels* tables[8];
    int count = all_kernels(tables, 8), checks = 0, failed = 0;
    for (int i = 0; i < count; ++i) {
        Tests tests(*tables[i], seed);
        tests.run();
        checks += tests.checks;
        failed += tests.failed;
        std::printf("table %s: %d checks, %d failed\n", tables[i]->name, tests.checks, tests.failed);
    }
    std::printf("%d checks, %d failed\n", checks, failed);
    return failed == 0 ? 0 : 1;
}
