#include "engine/failure.h"
#include "models/families.h"
#include "models/mamba2.h"
#include "models/rope.h"

// IBM Granite 4: Mamba-2 and attention layers with Granite's constants; a mixture with a shared MLP, or one dense MLP.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    bool recurrent = false;
    Mamba2 mamba;
    Attention attention;
    GluMlp mlp;  // dense, or the shared one
    Linear router;
    ExpertWeights experts;
};

class GraniteHybrid final : public Graph {
  public:
    explicit GraniteHybrid(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.scale(ops.embed(ends_.embed), embed_scale_);
        for (const Layer& layer : layers_) {
            Tensor x = ops.rms_norm(h, layer.input_norm, norm_);
            bool last = &layer == &layers_.back();
            Tensor y = layer.recurrent ? layer.mamba.forward(ops, x, last) : layer.attention.forward(ops, x, last);
            h = residual(ops, h, ops.scale(y, residual_scale_));
            x = ops.rms_norm(h, layer.post_norm, norm_);
            y = layer.mlp.forward(ops, x);
            if (layer.router)
                y = ops.add(ops.experts(x, ops.route(ops.linear(x, layer.router), routing_), layer.experts), y);
            h = ops.add(h, ops.scale(y, residual_scale_));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override {
        return ops.divide(ops.linear(hidden, ends_.head), logits_divisor_);
    }

  private:
    void load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer) const;

    Ends ends_;
    NormSpec norm_;
    double embed_scale_, residual_scale_, logits_divisor_;
    RouterSpec routing_;
    std::vector<Layer> layers_;
};

Mamba2Sizes read_mamba(const Config& config, const Sizes& sizes) {
    Mamba2Sizes m;
    m.hidden = sizes.hidden;
    m.heads = config.positive("mamba_n_heads");
    m.head_dim = config.positive("mamba_d_head");
    m.groups = config.positive("mamba_n_groups");
    m.state_dim = config.positive("mamba_d_state");
    m.kernel = config.positive("mamba_d_conv");
    m.eps = sizes.eps;
    m.projection_bias = config.boolean("mamba_proj_bias", false);
    m.conv_bias = config.boolean("mamba_conv_bias", false);
    read_dt_limit(config, m, 0.001f, 100);
    return m;
}

// Gate above up in one matrix.
GluMlp load_joined(WeightStore& weights, const std::string& path, int hidden, int inner) {
    Weight both = weights.matrix(path + ".input_linear", 2 * inner, hidden);
    GluMlp mlp;
    mlp.gate.weight = both.slice(0, inner);
    mlp.up.weight = both.slice(inner, inner);
    mlp.down = weights.linear(path + ".output_linear", hidden, inner);
    return mlp;
}

void GraniteHybrid::load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer) const {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    int experts = config.positive("num_local_experts"), inner = config.positive("intermediate_size");
    std::string mixture = path + ".block_sparse_moe";
    layer.mlp = load_joined(weights, path + ".shared_mlp", hidden, config.positive("shared_intermediate_size"));
    layer.router = weights.linear(mixture + ".router.layer", experts, hidden);
    if (weights.has(mixture + ".input_linear.weight")) {
        Weight both = weights.experts(mixture + ".input_linear", experts, 2 * inner, hidden);
        layer.experts.gate.weight = both.slice(0, inner);
        layer.experts.up.weight = both.slice(inner, inner);
        layer.experts.down.weight = weights.experts(mixture + ".output_linear", experts, hidden, inner);
    } else {
        layer.experts = load_experts(weights, mixture + ".switch_mlp", experts, inner, hidden);
    }
}

GraniteHybrid::GraniteHybrid(const Loader& loader)
    : embed_scale_(loader.config.number("embedding_multiplier")),
      residual_scale_(loader.config.number("residual_multiplier")),
      logits_divisor_(loader.config.number("logits_scaling")) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"rope_theta",
                   "rope_scaling",
                   "rope_parameters",
                   "normalization_function",
                   "mamba_expand",
                   "mamba_chunk_size",
                   "mamba_n_heads",
                   "mamba_d_head",
                   "mamba_proj_bias",
                   "mamba_d_state",
                   "mamba_d_conv",
                   "mamba_n_groups",
                   "mamba_conv_bias",
                   "time_step_limit",
                   "num_experts_per_tok",
                   "shared_intermediate_size",
                   "init_method",
                   "position_embedding_type",
                   "mlp_bias",
                   "attention_multiplier",
                   "attention_bias"});
    drop_common(weights);
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", true));
    bool mixture = config.integer("num_local_experts", 0) > 0, bias = config.boolean("attention_bias", false);
    routing_.kind = RouterSpec::Kind::kTopKSoftmax;
    if (mixture) routing_.top_k = config.positive("num_experts_per_tok");
    Rope rope;
    if (config.string("position_embedding_type", "rope") != "nope")
        rope = scaled_rope(sizes.head_dim, rope_theta(config, 10000), false, config.object("rope_parameters"),
                           sizes.context);
    std::vector<std::string> types = config.strings("layer_types");
    if (types.size() != static_cast<size_t>(sizes.layers))
        fail(FM_INVALID, config.where(), ": layer_types has ", types.size(), " entries for ", sizes.layers, " layers");
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i), type = types[static_cast<size_t>(i)];
        if (type == "linear_attention") type = "mamba";  // transformers 5's names
        if (type == "full_attention") type = "attention";
        if (type != "mamba" && type != "attention")
            fail(FM_UNSUPPORTED, config.where(), ": layer type '", type, "' is not known here");
        Layer layer;
        layer.recurrent = type == "mamba";
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        if (layer.recurrent) {
            layer.mamba = load_mamba2(loader, read_mamba(config, sizes), path + ".mamba");
        } else {
            layer.attention = load_attention(loader, sizes, path + ".self_attn", {bias, bias}, 0);
            layer.attention.rope = rope;
            layer.attention.spec.scale = static_cast<float>(config.number("attention_multiplier"));
        }
        int inner = config.positive("intermediate_size");
        if (mixture)
            load_mixture(loader, sizes.hidden, path, layer);
        else if (weights.has(path + ".shared_mlp.input_linear.weight"))
            layer.mlp = load_joined(weights, path + ".shared_mlp", sizes.hidden, inner);
        else
            layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, inner, config.boolean("mlp_bias", false));
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_granitemoehybrid(const Loader& loader) { return std::make_unique<GraniteHybrid>(loader); }

}  // namespace fastmlx
