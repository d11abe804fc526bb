#pragma once
#include <string>

#include "engine/graph.h"

namespace fastmlx {

// What most families share: sizes, the attention of Llama's line, the gated MLP, embedding and head.

struct Sizes {
    int hidden, layers, heads, kv_heads, head_dim, vocab, context;
    float eps;
};
Sizes read_sizes(const Config& config, int layers = 0);  // 0: num_hidden_layers

// 0 = full attention. Windows exist only where layer_types says so: a lone sliding_window is ignored, as mlx-lm does.
// Without layer_types every layer is full, or, given a `period`, all but each period's last one are windows.
std::vector<int> read_windows(const Config& config, int layers, int period = 0);

// The names that MLX files never use: rotary_emb.inv_freq.
void drop_common(WeightStore& weights);

// Drops `prefix`N. for N >= layers: heads that predict several tokens.
void drop_layers_from(WeightStore& weights, const std::string& prefix, int layers);

struct GluMlp {
    Linear gate, up, down;
    Activation activation = Activation::kSwiGlu;
    static GluMlp load(WeightStore& weights, const std::string& path, int hidden, int inner, bool bias = false);
    Tensor forward(Ops& ops, Tensor x) const;
};

// q, k, v projections, optional per-head norms, rope, attention, output projection.
struct Attention {
    Linear q, k, v, o;
    Vector q_norm, k_norm;
    NormSpec norm;
    Rope rope;
    int head_dim = 0;
    float position_beta = 0;  // queries · (1 + beta·ln(1 + floor(position / length)))
    int position_length = 1;
    AttendSpec spec;
    Tensor forward(Ops& ops, Tensor x, bool last) const;  // `last`: gives the wanted rows only
};

// h + y; of h only the rows that y has, where that are the wanted ones.
Tensor residual(Ops& ops, Tensor h, Tensor y);

struct AttentionBias {
    bool qkv = false, out = false;
};
// Takes {q,k,v,o}_proj below `path` and declares the state.
Attention load_attention(const Loader& loader, const Sizes& sizes, const std::string& path, AttentionBias bias,
                         int window, const char* out = "o_proj");

// The same from one matrix qkv_proj.
Attention load_fused_attention(const Loader& loader, const Sizes& sizes, const std::string& path);

// Experts {gate,up,down}_proj below `path`, stacked or not (`unstacked`: their folder, as
// "model.layers.0.mlp.experts").
ExpertWeights load_experts(WeightStore& weights, const std::string& path, int experts, int inner, int hidden,
                           const std::string& unstacked = {}, bool bias = false);

// DeepSeek-V3's router, which GLM and others took: sigmoid, `path`.e_score_correction_bias, groups, scaling.
RouterSpec noaux_routing(const Config& config, WeightStore& weights, const std::string& path, int experts);

// The feed-forward part of DeepSeek-V3's line: a dense MLP, or experts by noaux_routing beside shared ones.
struct NoauxMlp {
    GluMlp mlp;  // dense layers; in sparse ones the shared experts, where there are any
    Linear router;
    RouterSpec routing;
    ExpertWeights experts;
    static NoauxMlp load(const Loader& loader, const std::string& path, int hidden, bool sparse);
    Tensor forward(Ops& ops, Tensor x) const;
};

// Embedding, last norm and head; the head is the embedding where `tied`.
struct Ends {
    Weight embed;
    Vector norm;
    NormSpec norm_spec;
    Linear head;
    static Ends load(const Loader& loader, const Sizes& sizes, const std::string& prefix, const std::string& head,
                     bool tied, const char* embed_name = "embed_tokens", const char* norm_name = "norm");
};

DType activation_type(const Ends& ends);
// The format of a layer's product with its input, and so of keys and values in the cache: small floats dequantise into
// the input's. To be called after Ends::load.
DType product_type(const Loader& loader, const Linear& linear);

// True where a projection is all zero, so that what feeds it need not be computed.
bool is_zero(const Weight& weight);

}  // namespace fastmlx
