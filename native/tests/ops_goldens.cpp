// Runs mlx-ops-goldens.jsonl through a backend's own operations: `fastmlx_ops_goldens FILE [mlx]` prints every row that
// differs and the count, and exits with 1 unless all rows that have an operation here agree; with 77 where this build
// has no MLX.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include "golden_device.h"
#include "golden_row.h"
#include "models/rope.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

MakeDevice make_device = cpu_device;  // of this run

// An engine whose only timeline is slot 0, with one step begun.
struct Bench {
    std::unique_ptr<GoldenDevice> device;
    Ops& ops;
    Batch batch;

    explicit Bench(std::vector<StateSpec> states = {}) : device(make_device(std::move(states))), ops(device->ops()) {}

    void begin(int first, std::vector<int32_t> tokens) {
        fm_row row{};
        row.first = first;
        row.count = static_cast<int32_t>(tokens.size());
        batch = {{row}, std::move(tokens), {}, {}};
        for (int i = 0; i < row.count; ++i) batch.positions.push_back(first + i);
        device->begin(batch);
    }
    void begin(int first, int count) { begin(first, std::vector<int32_t>(static_cast<size_t>(count), 0)); }

    Tensor tensor(const std::vector<float>& values, int rows, DType dtype) {
        return device->tensor(values, rows, dtype);
    }
    Tensor tensor(const GoldenArray& a, int rows) { return tensor(a.floats(), rows, a.dtype()); }
    std::vector<float> values(Tensor t) { return device->values(t); }
};

Vector vector_of(const GoldenArray& a) { return {a.bytes.data(), a.dtype(), a.rows() * a.last()}; }

// (heads, tokens, dim) ↔ (tokens, heads · dim)
std::vector<float> swap_heads(const std::vector<float>& from, int outer, int inner, int dim) {
    std::vector<float> to(from.size());
    for (int a = 0; a < outer; ++a)
        for (int b = 0; b < inner; ++b)
            std::copy_n(from.begin() + (a * inner + b) * dim, dim, to.begin() + (b * outer + a) * dim);
    return to;
}

struct Packed {
    GoldenArray codes, scales, biases;
    Weight weight;

    Packed(const GoldenRow& row, bool result) {
        auto get = [&](const char* key) { return result ? row.out(key) : row.in(key); };
        std::string mode = row.params().find("mode")->string();
        codes = get("wq");
        scales = get("scales");
        Weight& w = weight;
        w.storage = mode == "affine"  ? Storage::kAffine
                    : mode == "mxfp4" ? Storage::kMxfp4
                    : mode == "nvfp4" ? Storage::kNvfp4
                                      : Storage::kMxfp8;
        w.bits = row.integer("bits");
        w.group = row.integer("group_size");
        w.experts = codes.shape.size() == 3 ? codes.shape[0] : 1;
        w.rows = codes.rows() / w.experts;
        w.expert_rows = w.rows;
        w.cols = codes.last() * 32 / w.bits;
        w.row_bytes = codes.last() * 4;
        w.dtype = w.storage == Storage::kAffine ? scales.dtype() : DType::kBF16;
        w.scale_row_bytes = scales.last() * (w.storage == Storage::kAffine ? dtype_bytes(w.dtype) : 1);
        if (w.storage == Storage::kAffine) biases = get("biases");
        w.parts.push_back({codes.bytes.data(), scales.bytes.data(), biases.bytes.data()});
    }
    Packed(const Packed&) = delete;
};

// As an embedding looks rows up.
std::string dequantised(const GoldenRow& row, bool result) {
    Packed packed(row, result);
    Bench bench;
    std::vector<int32_t> tokens(static_cast<size_t>(packed.weight.rows));
    std::iota(tokens.begin(), tokens.end(), 0);
    bench.begin(0, tokens);
    GoldenArray expected = row.out("dequantized");
    Tensor y = bench.ops.embed(packed.weight);
    return differ(expected, bench.values(bench.ops.cast(y, expected.dtype())));
}

// The affine quantiser is used at load time; the others are only decoded.
std::string quantised(const GoldenRow& row) {
    Packed packed(row, true);
    const Weight& w = packed.weight;
    if (w.storage == Storage::kAffine) {
        std::vector<float> in = row.in("w").floats(), scales, biases;
        auto group = static_cast<size_t>(w.group), bits = static_cast<size_t>(w.bits);
        std::vector<uint8_t> stream(packed.codes.bytes.size() + 1), codes(group);
        for (size_t g = 0; g < in.size() / group; ++g) {
            float scale, bias;
            quantise_group(in.data() + g * group, w.group, w.bits, w.dtype, codes.data(), &scale, &bias);
            scales.push_back(scale);
            biases.push_back(bias);
            for (size_t i = 0; i < group; ++i) {
                size_t at = (g * group + i) * bits;
                unsigned code = static_cast<unsigned>(codes[i]) << (at % 8);
                stream[at / 8] = static_cast<uint8_t>(stream[at / 8] | code);
                stream[at / 8 + 1] = static_cast<uint8_t>(stream[at / 8 + 1] | (code >> 8));
            }
        }
        stream.pop_back();
        if (stream != packed.codes.bytes) return "codes differ";
        if (std::string d = differ(packed.scales, scales); !d.empty()) return "scales " + d;
        if (std::string d = differ(packed.biases, biases); !d.empty()) return "biases " + d;
    }
    return dequantised(row, true);
}

std::string product(const GoldenRow& row) {
    Packed packed(row, false);
    GoldenArray x = row.in("x");
    Bench bench;
    bench.begin(0, x.rows());
    return differ(row.out("y"), bench.values(bench.ops.linear(bench.tensor(x, x.rows()), {packed.weight, {}})));
}

// One expert's rows of the stack at a time.
std::string gathered(const GoldenRow& row) {
    Packed packed(row, false);
    GoldenArray x = row.in("x"), chosen = row.in("indices");
    std::vector<float> in = x.floats(), out;
    Bench bench;
    bench.begin(0, 1);
    for (int i = 0; i < chosen.rows() * chosen.last(); ++i) {
        Weight one = packed.weight;
        one.first_row = static_cast<int64_t>(chosen.word(i)) * one.expert_rows;
        auto start = in.begin() + i / chosen.last() * x.last();
        Tensor y = bench.ops.linear(bench.tensor({start, start + x.last()}, 1, x.dtype()), {one, {}});
        std::vector<float> part = bench.values(y);
        out.insert(out.end(), part.begin(), part.end());
    }
    return differ(row.out("y"), out);
}

std::string elementwise(const GoldenRow& row, const std::function<Tensor(Bench&, Tensor)>& body) {
    GoldenArray x = row.in("x");
    Bench bench;
    bench.begin(0, x.rows());
    return differ(row.out("y"), bench.values(body(bench, bench.tensor(x, x.rows()))));
}

std::string norm(const GoldenRow& row) {
    GoldenArray w, b;
    if (row.has("w")) w = row.in("w");
    if (row.has("b")) b = row.in("b");
    auto eps = static_cast<float>(row.number("eps"));
    return elementwise(row, [&](Bench& bench, Tensor x) {
        if (row.has("b")) return bench.ops.layer_norm(x, vector_of(w), vector_of(b), eps);
        return bench.ops.rms_norm(x, row.has("w") ? vector_of(w) : Vector{}, {.eps = eps});
    });
}

// As a router that takes all its experts.
std::string softmax(const GoldenRow& row) {
    return elementwise(row, [](Bench& bench, Tensor x) {
        RouterSpec spec;
        spec.kind = RouterSpec::Kind::kTopKSoftmax;
        spec.top_k = x.cols;
        Routing routing = bench.ops.route(x, spec);
        GoldenDevice::Chosen chosen = bench.device->chosen(routing);
        std::vector<float> y(chosen.weights.size());
        for (size_t i = 0; i < y.size(); ++i)
            y[i / static_cast<size_t>(x.cols) * static_cast<size_t>(x.cols) + static_cast<size_t>(chosen.experts[i])] =
                chosen.weights[i];
        return bench.tensor(y, x.rows, x.dtype);
    });
}

std::string turned(const GoldenRow& row) {
    GoldenArray x = row.in("x"), expected = row.out("y");
    int heads = x.shape[1], tokens = x.shape[2], dim = x.shape[3];
    bool traditional = row.params().find("traditional")->boolean();
    Rope rope;
    if (row.op() == "rope") {
        rope = plain_rope(row.integer("dims"), row.number("base"), traditional);
        rope.position_scale = static_cast<float>(row.number("scale"));
    } else {
        Config scaling(*row.params().find("scaling"), "scaling");
        rope = scaled_rope(row.integer("dims"), row.number("base"), traditional, scaling,
                           row.integer("max_position_embeddings"));
    }
    Bench bench;
    bench.begin(row.integer("offset"), tokens);
    Tensor in = bench.tensor(swap_heads(x.floats(), heads, tokens, dim), tokens, x.dtype());
    std::vector<float> y = swap_heads(bench.values(bench.ops.rope(in, dim, rope)), tokens, heads, dim);
    if (rope.dynamic_factor > 0) {
        // MLX stretches a whole chunk by its end; we each token by its own position, so that chunks do not matter. They
        // agree on a chunk's last token.
        std::vector<float> wanted = expected.floats();
        for (int h = 0; h < heads; ++h)
            std::copy_n(wanted.begin() + h * tokens * dim, (tokens - 1) * dim, y.begin() + h * tokens * dim);
    }
    // An angle is position · inverse in float32: half a unit in the inverse's last place, which exp leaves open, grows
    // with the position. It shows past some ten thousand tokens.
    float last = static_cast<float>(row.integer("offset") + tokens) * rope.position_scale;
    return differ(expected, y, last > 10000 ? last * 0x1.0p-24f : 0);
}

// Keys and values lie in a timeline; a mask that is not causal runs one query at a time, from the last position. An
// additive mask becomes features of its own, as latent attention has its turned part.
struct Attention {
    GoldenArray q, k, v, mask, sinks;
    int heads, tokens, dim, kv_heads, keys;
    bool causal, additive;
    AttendSpec spec;

    explicit Attention(const GoldenRow& row) : q(row.in("q")), k(row.in("k")), v(row.in("v")) {
        heads = q.shape[1], tokens = q.shape[2], dim = q.shape[3], kv_heads = k.shape[1], keys = k.shape[2];
        std::string kind = row.params().find("mask")->string();
        additive = kind == "additive";
        causal = kind != "none" && !additive;
        if (row.has("mask")) mask = row.in("mask");
        if (row.has("sinks")) sinks = row.in("sinks");
        spec.heads = heads;
        spec.scale = static_cast<float>(row.number("scale"));
        spec.tail = additive ? keys : 0;
        spec.window = row.has_param("window") ? row.integer("window") : 0;
        if (row.has("sinks")) spec.sinks = vector_of(sinks);
    }

    // With the mask's row behind every query, and each key's place behind every key.
    std::vector<float> widened(bool query) const {
        const GoldenArray& a = query ? q : k;
        std::vector<float> in = a.floats(), out, extra = additive ? mask.floats() : std::vector<float>{};
        for (int i = 0; i < a.rows(); ++i) {
            out.insert(out.end(), in.begin() + i * dim, in.begin() + (i + 1) * dim);
            for (int j = 0; j < spec.tail; ++j)
                out.push_back(query           ? extra[static_cast<size_t>(i * keys + j)] / spec.scale
                              : j == i % keys ? 1.f
                                              : 0.f);
        }
        return out;
    }

    std::vector<float> run() {
        int width = dim + spec.tail, first = causal ? keys - tokens : keys - 1;
        std::vector<float> queries = swap_heads(widened(true), heads, tokens, width);
        std::vector<float> all_k = swap_heads(widened(false), kv_heads, keys, width);
        std::vector<float> all_v = swap_heads(v.floats(), kv_heads, keys, dim), out;
        int steps = causal ? 1 : tokens, each = causal ? tokens : 1;
        for (int s = 0; s < steps; ++s) {
            Bench bench({{.dtype = k.dtype(), .heads = kv_heads, .k_dim = width, .v_dim = dim, .window = spec.window}});
            auto part = [&](const std::vector<float>& from, int row_size, int start, int count) {
                return bench.tensor({from.begin() + start * row_size, from.begin() + (start + count) * row_size}, count,
                                    k.dtype());
            };
            if (first > 0) {
                bench.begin(0, first);
                std::vector<float> nothing(static_cast<size_t>(first * heads * width));
                bench.ops.attend(bench.tensor(nothing, first, q.dtype()), part(all_k, kv_heads * width, 0, first),
                                 part(all_v, kv_heads * dim, 0, first), spec);
                bench.device->end();
            }
            bench.begin(first, each);
            Tensor y = bench.ops.attend(part(queries, heads * width, s * each, each),
                                        part(all_k, kv_heads * width, first, keys - first),
                                        part(all_v, kv_heads * dim, first, keys - first), spec);
            std::vector<float> result = bench.values(y);
            out.insert(out.end(), result.begin(), result.end());
        }
        return swap_heads(out, tokens, heads, dim);
    }
};

std::string convolved(const GoldenRow& row) {
    GoldenArray x = row.in("x"), w = row.in("w"), expected = row.out("y");
    int tokens = x.shape[1], channels = x.shape[2], kernel = row.integer("kernel");
    Bench bench({{.kind = StateSpec::Kind::kRecurrent, .floats = channels * (kernel - 1)}});
    bench.begin(0, tokens);
    ConvSpec spec;
    spec.kernel = kernel;
    spec.silu = false;
    spec.weight.dtype = w.dtype();
    spec.weight.rows = channels;
    spec.weight.cols = kernel;
    spec.weight.row_bytes = kernel * dtype_bytes(w.dtype());
    spec.weight.parts.push_back({w.bytes.data(), nullptr, nullptr});
    std::vector<float> y = bench.values(bench.ops.conv1d(bench.tensor(x, tokens), spec));
    return differ(expected, {y.begin() + (kernel - 1) * channels, y.end()});
}

std::string recurrent(const GoldenRow& row, bool delta) {
    GoldenArray state = row.in("state"), a_log = row.in("A_log"), bias = row.in("dt_bias");
    std::vector<float> initial = state.floats();
    auto floats = static_cast<int64_t>(initial.size());
    Bench bench({{.kind = StateSpec::Kind::kRecurrent, .floats = floats}});
    int tokens = row.out("y").shape[1];
    bench.begin(0, tokens);
    bench.device->set_state(initial);
    auto in = [&](const char* key) { return bench.tensor(row.in(key), tokens); };
    Tensor y;
    if (delta) {
        DeltaSpec spec;
        spec.k_heads = row.in("q").shape[2];
        spec.k_dim = row.in("q").shape[3];
        spec.v_heads = row.in("v").shape[2];
        spec.v_dim = row.in("v").shape[3];
        spec.a_log = vector_of(a_log);
        spec.dt_bias = vector_of(bias);
        y = bench.ops.gated_delta(in("q"), in("k"), in("v"), in("a"), in("b"), spec);
    } else {
        GoldenArray d = row.in("D");
        SsmSpec spec;
        spec.heads = row.in("x").shape[2];
        spec.head_dim = row.in("x").shape[3];
        spec.groups = row.in("B").shape[2];
        spec.state_dim = row.in("B").shape[3];
        spec.a_log = vector_of(a_log);
        spec.dt_bias = vector_of(bias);
        spec.d = vector_of(d);
        spec.dt_min = static_cast<float>(row.params().find("time_step_limit")->items()[0].number());
        spec.dt_max = static_cast<float>(row.params().find("time_step_limit")->items()[1].number());
        y = bench.ops.ssm(in("x"), in("B"), in("C"), in("dt"), spec);
    }
    if (std::string d = differ(row.out("y"), bench.values(y)); !d.empty()) return d;
    std::string d = differ(row.out("state"), bench.device->state());
    return d.empty() ? d : "state " + d;
}

std::string selected(const GoldenRow& row) {
    GoldenArray gates = row.in("gates"), bias = row.in("bias"), indices = row.out("indices");
    RouterSpec spec;
    spec.kind = RouterSpec::Kind::kSigmoid;
    spec.negated = true;
    spec.top_k = row.integer("top_k");
    spec.groups = row.integer("n_group");
    spec.top_groups = row.integer("topk_group");
    spec.scale = row.number("routed_scaling_factor");
    spec.normalise = row.params().find("norm_topk_prob")->boolean();
    spec.epsilon = 1e-20;
    spec.bias = vector_of(bias);
    Bench bench;
    bench.begin(0, gates.rows());
    Routing routing = bench.ops.route(bench.tensor(gates, gates.rows()), spec);
    GoldenDevice::Chosen all = bench.device->chosen(routing);
    std::vector<float> scores;
    for (int r = 0; r < gates.rows(); ++r) {
        std::map<int32_t, float> chosen;
        for (int i = r * spec.top_k; i < (r + 1) * spec.top_k; ++i)
            chosen[all.experts[static_cast<size_t>(i)]] = all.weights[static_cast<size_t>(i)];
        for (const auto& [expert, score] : chosen) {
            if (indices.word(static_cast<int>(scores.size())) != static_cast<uint32_t>(expert)) return "other experts";
            scores.push_back(score);
        }
    }
    return differ(row.out("scores"), scores);
}

std::string from_fp8(const GoldenRow& row) {
    std::vector<float> y;
    for (uint8_t code : row.in("x").bytes) y.push_back(e4m3_to_float(code));
    return differ(row.out("y"), y);
}

using Check = std::function<std::string(const GoldenRow&)>;

std::map<std::string, Check> checks() {
    auto unary = [](Tensor (Ops::*method)(Tensor)) {
        return [method](const GoldenRow& row) {
            return elementwise(row, [&](Bench& bench, Tensor x) { return (bench.ops.*method)(x); });
        };
    };
    return {
        {"quantize", quantised},
        {"quantized_matmul_t", product},
        {"dequantize_all_scales", [](const GoldenRow& row) { return dequantised(row, false); }},
        {"dequantize_all_fp8", [](const GoldenRow& row) { return dequantised(row, false); }},
        {"from_fp8", from_fp8},
        {"gather_qmm_t", gathered},
        {"rms_norm", norm},
        {"layer_norm", norm},
        {"softmax_precise", softmax},
        {"silu", unary(&Ops::silu)},
        {"sigmoid", unary(&Ops::sigmoid)},
        {"gelu_approx", unary(&Ops::gelu)},
        {"relu2",
         [](const GoldenRow& row) {
             return elementwise(row, [](Bench& b, Tensor x) { return b.ops.activate(Activation::kRelu2, x, {}); });
         }},
        {"softplus",
         [](const GoldenRow& row) {
             return elementwise(row, [](Bench& bench, Tensor x) { return bench.device->softplus(x); });
         }},
        {"rope", turned},
        {"rope_scaled", turned},
        {"sdpa",
         [](const GoldenRow& row) {  // sums in another order than MLX's end now and then on bfloat16's next value
             GoldenArray y = row.out("y");
             return differ(y, Attention(row).run(), y.type == "f32" ? 0 : 0x1.0p-7f);
         }},
        {"conv1d_depthwise", convolved},
        {"gated_delta", [](const GoldenRow& row) { return recurrent(row, true); }},
        {"mamba2_ssd", [](const GoldenRow& row) { return recurrent(row, false); }},
        {"group_expert_select", selected},
    };
}

int run(const char* path) {
    std::ifstream file(path);
    std::map<std::string, Check> known = checks();
    int total = 0, passed = 0, absent = 0;
    for (std::string line; std::getline(file, line); ++total) {
        Json json = Json::parse(line, path);
        GoldenRow row{json};
        std::string what;
        auto check = known.find(row.op());
        if (check == known.end()) {
            ++absent;
            std::printf("row %d %s: no model uses it\n", total, row.op().c_str());
            continue;
        }
        try {
            what = check->second(row);
        } catch (const Failure& failure) {
            what = failure.what();
        }
        if (what.empty())
            ++passed;
        else
            std::printf("row %d %s: %s\n", total, row.op().c_str(), what.c_str());
    }
    std::printf("%d of %d rows agree, %d have no operation here\n", passed, total, absent);
    return total > 0 && passed + absent == total ? 0 : 1;
}

}  // namespace
}  // namespace fastmlx

int main(int count, char** arguments) {
    if (count < 2 || count > 3) return 2;
    if (count == 3 && std::string(arguments[2]) == "mlx") {
        fastmlx::make_device = fastmlx::mlx_device();
        if (fastmlx::make_device == nullptr) return 77;
    }
    return fastmlx::run(arguments[1]);
}
