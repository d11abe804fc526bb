#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/dtype.h"
#include "weights/weight.h"

namespace fastmlx {

// A value of the current step: (rows, cols), one row per token of the step in the order of its rows. `dtype` is the
// format its values are rounded to, by MLX's promotion rules. It belongs to the backend and dies with the step.
struct Tensor {
    void* handle = nullptr;
    int rows = 0, cols = 0;
    DType dtype = DType::kF32;
    explicit operator bool() const { return handle != nullptr; }
};

// What one layer remembers of a timeline. A model declares its states at load; `Ops` names them by index.
struct StateSpec {
    enum class Kind : uint8_t { kKeyValue, kRecurrent };
    Kind kind = Kind::kKeyValue;
    DType dtype = DType::kF32;
    // kKeyValue: per token `heads` keys of k_dim and values of v_dim features.
    int heads = 0, k_dim = 0, v_dim = 0;
    bool values_in_keys = false;  // a value is the first v_dim features of its key (MLA's latent): stored once
    int window = 0;               // 0 = all tokens, else only the last `window`
    // kRecurrent: one block of float32 per timeline, zero at its start. It cannot be cut.
    int64_t floats = 0;
};

struct Rope {
    int dims = 0;                // how many leading features of each head turn; 0 = none
    bool interleaved = false;    // pairs (2i, 2i+1) instead of (i, i + dims/2)
    std::vector<float> inverse;  // angle of pair i = (position · position_scale) · inverse[i]
    float base = 0;              // > 0: inverse[i] is base^(-2i/dims), what backends have a short way for
    float position_scale = 1;
    float magnitude = 1;       // multiplies the first `dims` features before turning
    float dynamic_factor = 0;  // > 0: dynamic NTK past dynamic_max tokens
    int dynamic_max = 0;
};

struct NormSpec {
    float eps = 1e-6f;
    int width = 0;          // 0 = the whole row, else segments of this many features (heads, groups)
    bool plus_one = false;  // the weight is stored as w - 1 (Gemma)
};

struct AttendSpec {
    int state = 0;  // index of the key-value state that is extended
    int heads = 0;  // query heads; a multiple of the state's heads
    float scale = 1;
    int tail = 0;    // the last features of each key, whose product is rounded apart and added (latent attention)
    int window = 0;  // 0 = all, else key position > query position - window
    Vector sinks;    // one extra logit per head in the softmax's denominator
};

// Multi-head latent attention. The state (values_in_keys) holds the latent vector and the turned part of the key.
struct LatentSpec {
    int state = 0;
    int heads = 0, latent = 0, nope = 0, turning = 0, values = 0;
    float scale = 1;
    Weight embed_q;      // (heads, latent, nope): key of head h = latent · embed_q[h]
    Weight unembed_out;  // (heads, values, latent): value of head h = latent · unembed_out[h]ᵀ
};

enum class Activation : uint8_t {
    kSwiGlu,         // silu(gate) · up
    kGeGlu,          // gelu_tanh(gate) · up
    kClippedSwiGlu,  // gpt-oss: g = min(g, 7), u = clip(u, ±7), g · sigmoid(1.702 g) · (u + 1)
    kRelu2,          // relu(x)², no gate
};

struct RouterSpec {
    enum class Kind : uint8_t {
        kSoftmaxTopK,  // softmax over all, then the top k
        kTopKSoftmax,  // the top k, then softmax over them
        kSigmoid,      // sigmoid; chosen by score + bias within the best groups; weight = score without bias
        kScores,       // as kSigmoid, but what comes in are the scores, whose format the weights keep
    };
    Kind kind = Kind::kSoftmaxTopK;
    int top_k = 1;
    bool precise = true;     // kTopKSoftmax: in float32
    bool normalise = false;  // divide by the sum of the chosen
    double epsilon = 0;      // added to that sum
    double scale = 1;
    Vector bias;  // kSigmoid, kScores: added for the choice only
    int groups = 1, top_groups = 1;
    bool group_max = false;  // a group's rank is its best score instead of the sum of its best two
    // MLX leaves the order of the chosen open; sums of rounded values depend on it. These two are its habits: the last
    // k of a partition, or the first k of the negated scores' partition.
    bool negated = false;
    Vector expert_scale;          // multiplies the weight of each expert (Gemma 4)
    bool cast = false;            // round the finished weights to `cast_to`; else they keep the logits' format,
    DType cast_to = DType::kF32;  // or float32 after kSigmoid
};

// The chosen experts of every token and their weights: (rows, top_k) each.
struct Routing {
    void* experts = nullptr;  // int32
    void* weights = nullptr;
    int rows = 0, top_k = 0;
    DType dtype = DType::kF32;
};

struct ExpertWeights {
    Linear gate, up, down;  // matrices (experts, out, in), biases (experts · out) or empty; no gate for kRelu2
    Activation activation = Activation::kSwiGlu;
};

struct ConvSpec {
    int state = 0;  // recurrent, its floats [0, channels·(kernel-1)) are the last inputs
    int kernel = 4;
    bool silu = true;
    Weight weight;  // (channels, kernel)
    Vector bias;
};

struct DeltaSpec {
    int state = 0;       // recurrent
    int64_t offset = 0;  // where S starts in the state, in floats
    int k_heads = 0, v_heads = 0, k_dim = 0, v_dim = 0;
    Vector a_log, dt_bias;  // (v_heads)
};

struct SsmSpec {
    int state = 0;
    int64_t offset = 0;
    int heads = 0, head_dim = 0, groups = 0, state_dim = 0;
    Vector a_log, dt_bias, d;  // (heads)
    float dt_min = 0, dt_max = 1e30f;
};

// The operations that models are written in, at the level of mlx::fast. One implementation per backend. Rows of a step
// are ragged: everything but attend, conv1d, gated_delta and ssm sees all tokens at once; those four walk the step's
// timelines and extend their states.
class Ops {
  public:
    virtual ~Ops() = default;

    // Forgets every tensor of the step but these (empty ones are skipped): a layer's end. Their handles change.
    virtual void keep(std::initializer_list<Tensor*> live) = 0;

    // x with only the rows whose hidden state is asked for (see Layout), which may be none. For the last layer that
    // stores something: once its keys and values are there, nothing else needs the other rows. What follows is called
    // with such tensors only, but for attention, which then has fewer queries than keys.
    virtual Tensor wanted(Tensor x) = 0;

    virtual Tensor embed(const Weight& table) = 0;  // rows of the step's tokens, rounded as mx.dequantize does
    virtual Tensor linear(Tensor x, const Linear& weight) = 0;

    virtual Tensor rms_norm(Tensor x, const Vector& weight, const NormSpec& spec) = 0;  // weight may be empty
    virtual Tensor layer_norm(Tensor x, const Vector& weight, const Vector& bias, float eps) = 0;
    // silu(gate)·rms_norm(x, weight), silu and product in float32 (DeltaNet).
    virtual Tensor rms_norm_gated(Tensor x, Tensor gate, const Vector& weight, const NormSpec& spec) = 0;
    virtual Tensor rope(Tensor x, int head_dim, const Rope& rope) = 0;
    // q: (rows, heads·k_dim). k and v extend the state; both empty: read what an earlier layer wrote this step.
    virtual Tensor attend(Tensor q, Tensor k, Tensor v, const AttendSpec& spec) = 0;

    // q: (rows, heads·nope), turned_q: (rows, heads·turning), latent: (rows, latent), turned_k: (rows, turning)
    // → (rows, heads·values)
    virtual Tensor attend_latent(Tensor q, Tensor turned_q, Tensor latent, Tensor turned_k, const LatentSpec& spec) = 0;

    virtual Tensor activate(Activation kind, Tensor gate, Tensor up) = 0;  // up is empty for kRelu2
    virtual Tensor silu(Tensor x) = 0;
    virtual Tensor gelu(Tensor x) = 0;  // tanh approximation
    virtual Tensor sigmoid(Tensor x) = 0;
    virtual Tensor softcap(Tensor x, float cap) = 0;  // cap · tanh(x / cap)
    virtual Tensor add(Tensor a, Tensor b) = 0;
    virtual Tensor multiply(Tensor a, Tensor b) = 0;         // b: the same shape, or one column
    virtual Tensor multiply(Tensor a, const Vector& b) = 0;  // per column, or one value for all
    virtual Tensor scale(Tensor a, double factor) = 0;  // the factor is rounded to a's format, as a scalar is in MLX
    virtual Tensor divide(Tensor a, double divisor) = 0;
    virtual Tensor clip(Tensor a, float bound) = 0;
    virtual Tensor scale_by_position(Tensor a, float beta, int length) = 0;  // · (1 + beta·ln(1 + floor(pos / length)))
    virtual Tensor cast(Tensor a, DType dtype) = 0;

    // Features [first, first + count) of every group, of `groups` equal ones in a row.
    virtual Tensor columns(Tensor x, int groups, int first, int count) = 0;
    virtual Tensor concat(Tensor a, Tensor b, int groups) = 0;  // per group: a's features, then b's

    virtual Routing route(Tensor logits, const RouterSpec& spec) = 0;
    virtual Tensor experts(Tensor x, const Routing& routing, const ExpertWeights& weights) = 0;  // weighted sum

    virtual Tensor conv1d(Tensor x, const ConvSpec& spec) = 0;  // depthwise, causal
    // q, k: (rows, k_heads·k_dim), v: (rows, v_heads·v_dim), a and b: (rows, v_heads).
    virtual Tensor gated_delta(Tensor q, Tensor k, Tensor v, Tensor a, Tensor b, const DeltaSpec& spec) = 0;
    // x: (rows, heads·head_dim), b and c: (rows, groups·state_dim), dt: (rows, heads).
    virtual Tensor ssm(Tensor x, Tensor b, Tensor c, Tensor dt, const SsmSpec& spec) = 0;
};

}  // namespace fastmlx
