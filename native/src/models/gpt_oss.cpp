#include "engine/failure.h"
#include "models/families.h"
#include "models/layers.h"
#include "models/rope.h"

// OpenAI gpt-oss: windows on every other layer, a learnt sink in each head's softmax, biases everywhere, the top k of
// the logits through a softmax, clipped SwiGLU experts.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    Attention attention;
    Linear router;
    ExpertWeights experts;
};

class GptOss final : public Graph {
  public:
    explicit GptOss(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            Tensor x = ops.rms_norm(h, layer.post_norm, norm_);
            h = ops.add(h, ops.experts(x, ops.route(ops.linear(x, layer.router), routing_), layer.experts));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Ends ends_;
    NormSpec norm_;
    RouterSpec routing_;
    std::vector<Layer> layers_;
};

// OpenAI's own files: gate and up in alternating rows, codes as bytes.
ExpertWeights load_blocks(WeightStore& weights, const std::string& path, int experts, int inner, int hidden) {
    auto matrix = [&](const std::string& name, int rows, int cols) {
        weights.rename_one(name + "_blocks", name + ".weight");
        weights.rename_one(name + "_scales", name + ".scales");
        weights.retype(name + ".weight", Element::kU32, {experts, rows, cols / 8});
        return weights.experts(name, experts, rows, cols);
    };
    Weight both = matrix(path + ".gate_up_proj", 2 * inner, hidden);
    ExpertWeights e;
    e.gate.weight = both.slice(0, inner, 2);
    e.up.weight = both.slice(1, inner, 2);
    e.down.weight = matrix(path + ".down_proj", hidden, inner);
    e.down.bias = weights.table(path + ".down_proj_bias", experts, hidden);
    Vector mixed = weights.table(path + ".gate_up_proj_bias", experts, 2 * inner);
    std::vector<float> gate, up;
    for (int i = 0; i < mixed.count; ++i) (i % 2 == 0 ? gate : up).push_back(load_float(mixed.dtype, mixed.data, i));
    e.gate.bias = weights.make_vector(gate, mixed.dtype);
    e.up.bias = weights.make_vector(up, mixed.dtype);
    return e;
}

GptOss::GptOss(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    if (config.number("swiglu_limit", 7) != 7)
        fail(FM_UNSUPPORTED, config.where(), ": only a swiglu_limit of 7 is known");
    config.ignore({"attention_bias", "num_experts"});
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    Rope rope = scaled_rope(sizes.head_dim, rope_theta(config, 150000), false, rope_scaling(config), sizes.context);
    std::vector<int> windows = read_windows(config, sizes.layers, 2);
    int experts = config.positive("num_local_experts"), inner = config.positive("intermediate_size");
    routing_.kind = RouterSpec::Kind::kTopKSoftmax;
    routing_.top_k = config.positive("num_experts_per_tok", 4);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i), mixture = path + ".mlp.experts";
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention =
            load_attention(loader, sizes, path + ".self_attn", {true, true}, windows[static_cast<size_t>(i)]);
        layer.attention.rope = rope;
        layer.attention.spec.sinks = weights.vector(path + ".self_attn.sinks", sizes.heads);
        layer.router = weights.linear(path + ".mlp.router", experts, sizes.hidden, true);
        layer.experts = weights.has(mixture + ".gate_up_proj_blocks")
                            ? load_blocks(weights, mixture, experts, inner, sizes.hidden)
                            : load_experts(weights, mixture, experts, inner, sizes.hidden, {}, true);
        layer.experts.activation = Activation::kClippedSwiGlu;
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_gpt_oss(const Loader& loader) { return std::make_unique<GptOss>(loader); }

}  // namespace fastmlx
