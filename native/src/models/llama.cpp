#include <algorithm>

#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Llama and its line (Touvron et al. 2023): pre-norm, rotary attention with grouped keys, SwiGLU. With switches for
// what its heirs changed: Mistral (nothing), Qwen2 (biases on q, k, v), Qwen3 (norms on each head's q and k).

namespace fastmlx {
namespace {

enum class Line { kLlama, kQwen2, kQwen3 };

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    bool attends = true;  // false: o_proj is zero
    GluMlp mlp;
};

class Llama final : public Graph {
  public:
    Llama(const Loader& loader, Line line);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            if (layer.attends) h = ops.add(h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_)));
            h = ops.add(h, layer.mlp.forward(ops, ops.rms_norm(h, layer.post_norm, norm_)));
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Ends ends_;
    NormSpec norm_;
    std::vector<Layer> layers_;
};

// 0 = full attention. Windows exist only where layer_types says so: a lone sliding_window is ignored, as mlx-lm does.
std::vector<int> read_windows(const Config& config, int layers) {
    std::vector<std::string> types = config.strings("layer_types");
    if (types.empty()) return std::vector<int>(static_cast<size_t>(layers), 0);
    if (types.size() != static_cast<size_t>(layers))
        fail(FM_INVALID, config.where(), ": layer_types has ", types.size(), " entries for ", layers, " layers");
    std::vector<int> windows;
    for (const std::string& type : types) {
        if (type != "full_attention" && type != "sliding_attention")
            fail(FM_UNSUPPORTED, config.where(), ": layer type '", type, "' is not known here");
        windows.push_back(type == "full_attention" ? 0 : config.positive("sliding_window"));
    }
    return windows;
}

Llama::Llama(const Loader& loader, Line line) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", true));
    bool llama = line == Line::kLlama;
    AttentionBias bias{llama ? config.boolean("attention_bias", false) : line == Line::kQwen2,
                       llama && config.boolean("attention_bias", false)};
    Rope rope = scaled_rope(sizes.head_dim, config.number("rope_theta", llama ? 10000 : 1000000),
                            config.boolean("rope_traditional", false), config.object("rope_scaling"), sizes.context);
    std::vector<int> windows =
        llama ? read_windows(config, sizes.layers) : std::vector<int>(static_cast<size_t>(sizes.layers), 0);
    bool mixed = *std::max_element(windows.begin(), windows.end()) > 0;
    int inner = config.positive("intermediate_size");
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", bias, windows[static_cast<size_t>(i)]);
        layer.attention.rope = rope;
        if (line == Line::kQwen3) {
            layer.attention.q_norm = weights.vector(path + ".self_attn.q_norm.weight", sizes.head_dim);
            layer.attention.k_norm = weights.vector(path + ".self_attn.k_norm.weight", sizes.head_dim);
        }
        // One full layer among windows costs the whole prompt's square and cache; a zero one is there for form only.
        if (mixed && windows[static_cast<size_t>(i)] == 0 && !layer.attention.o.bias &&
            is_zero(layer.attention.o.weight)) {
            layer.attends = false;
            loader.facts.states.pop_back();
        }
        layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, inner, config.boolean("mlp_bias", false));
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_llama(const Loader& loader) { return std::make_unique<Llama>(loader, Line::kLlama); }
std::unique_ptr<Graph> load_qwen2(const Loader& loader) { return std::make_unique<Llama>(loader, Line::kQwen2); }
std::unique_ptr<Graph> load_qwen3(const Loader& loader) { return std::make_unique<Llama>(loader, Line::kQwen3); }

}  // namespace fastmlx
