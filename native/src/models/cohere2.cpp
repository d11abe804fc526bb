#include <cmath>

#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// Cohere Command R7B and A: one LayerNorm feeds attention and MLP in parallel; rope, interleaved, in windows only.

namespace fastmlx {
namespace {

struct Layer {
    Vector norm, norm_bias;
    Attention attention;
    GluMlp mlp;
};

class Cohere2 final : public Graph {
  public:
    explicit Cohere2(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            Tensor x = ops.layer_norm(h, layer.norm, layer.norm_bias, eps_);
            bool last = &layer == &layers_.back();
            Tensor y = attend(ops, layer.attention, x, last);
            y = ops.add(y, layer.mlp.forward(ops, last ? ops.wanted(x) : x));
            h = ops.add(y, last ? ops.wanted(h) : h);
            ops.keep({&h});
        }
        return ops.layer_norm(h, ends_.norm, norm_bias_, eps_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override {
        return ops.scale(ops.linear(hidden, ends_.head), logit_scale_);
    }

  private:
    // In float16 the scores of full layers overflow, so attention runs in float32.
    static Tensor attend(Ops& ops, const Attention& a, Tensor x, bool last) {
        Tensor k = ops.rope(ops.linear(x, a.k), a.head_dim, a.rope), v = ops.linear(x, a.v);
        Tensor q = ops.rope(ops.linear(last ? ops.wanted(x) : x, a.q), a.head_dim, a.rope);
        if (q.dtype != DType::kF16) return ops.linear(ops.attend(q, k, v, a.spec), a.o);
        Tensor y = ops.attend(ops.cast(q, DType::kF32), k, v, a.spec);
        return ops.linear(ops.cast(y, DType::kF16), a.o);
    }

    Ends ends_;
    Vector norm_bias_;
    float eps_;
    double logit_scale_;
    std::vector<Layer> layers_;
};

Cohere2::Cohere2(const Loader& loader)
    : eps_(static_cast<float>(loader.config.number("layer_norm_eps", 1e-5))),
      logit_scale_(loader.config.number("logit_scale", 0.0625)) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"order_of_interleaved_layers", "position_embedding_type", "rotary_pct", "rope_scaling",
                   "use_embedding_sharing", "use_gated_activation", "use_parallel_block", "use_parallel_embedding",
                   "layer_switch", "cache_implementation"});
    config.refuse("use_qk_norm", "Cohere 2 has no norms on heads");
    drop_common(weights);
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", true);
    bool bias = config.boolean("attention_bias", false), norm_bias = config.boolean("layer_norm_bias", false);
    if (norm_bias) norm_bias_ = weights.vector("model.norm.bias", sizes.hidden);
    Rope rope =
        scaled_rope(sizes.head_dim, rope_theta(config, 50000), true, config.object("rope_parameters"), sizes.context);
    std::vector<int> windows = read_windows(config, sizes.layers, config.positive("sliding_window_pattern", 4));
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        int window = windows[static_cast<size_t>(i)];
        Layer layer;
        layer.norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        if (norm_bias) layer.norm_bias = weights.vector(path + ".input_layernorm.bias", sizes.hidden);
        layer.attention = load_attention(loader, sizes, path + ".self_attn", {bias, bias}, window);
        if (window > 0) layer.attention.rope = rope;
        layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, config.positive("intermediate_size"));
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_cohere2(const Loader& loader) { return std::make_unique<Cohere2>(loader); }

}  // namespace fastmlx
