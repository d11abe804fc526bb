#include <limits>

#include "engine/failure.h"
#include "models/families.h"
#include "models/mamba2.h"

// NVIDIA Nemotron-H (Nemotron 3 Nano, Super): one mixer per layer, by a pattern: M = Mamba-2, * = attention without
// rope, E = mixture of ungated experts, - = MLP.

namespace fastmlx {
namespace {

struct Mlp {
    Linear up, down;
    Tensor forward(Ops& ops, Tensor x) const {
        return ops.linear(ops.activate(Activation::kRelu2, ops.linear(x, up), {}), down);
    }
};

struct Layer {
    Vector norm;
    char kind = 0;
    Mamba2 mamba;
    Attention attention;
    Mlp mlp;                    // or the shared expert
    Linear router, into, back;  // into and back: experts that work in a narrower space
    RouterSpec routing;
    ExpertWeights experts;
};

class NemotronH final : public Graph {
  public:
    explicit NemotronH(const Loader& loader);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (size_t i = 0; i < layers_.size(); ++i) {
            const Layer& layer = layers_[i];
            h = residual(ops, h, mix(ops, layer, ops.rms_norm(h, layer.norm, norm_), i == last_));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    static Tensor mix(Ops& ops, const Layer& layer, Tensor x, bool last) {
        if (layer.kind == 'M') return layer.mamba.forward(ops, x, last);
        if (layer.kind == '*') return layer.attention.forward(ops, x, last);
        if (layer.kind == '-') return layer.mlp.forward(ops, x);
        Routing chosen = ops.route(ops.linear(x, layer.router), layer.routing);
        Tensor y = ops.experts(layer.into ? ops.linear(x, layer.into) : x, chosen, layer.experts);
        if (layer.back) y = ops.linear(y, layer.back);
        return layer.mlp.up ? ops.add(y, layer.mlp.forward(ops, x)) : y;
    }
    static void load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer);

    Ends ends_;
    NormSpec norm_;
    std::vector<Layer> layers_;
    size_t last_ = 0;  // the last layer that has a state
};

std::string read_pattern(const Config& config) {
    std::string pattern;
    const Json* given = config.find("hybrid_override_pattern");
    if (given != nullptr && given->kind() == Json::Kind::kString) pattern = given->string();
    if (given != nullptr && given->kind() == Json::Kind::kArray)
        for (const std::string& one : config.strings("hybrid_override_pattern")) pattern += one;
    if (given == nullptr)
        for (const std::string& type : config.strings("layers_block_type"))
            pattern += type == "mamba" || type == "linear_attention"     ? "M"
                       : type == "attention" || type == "full_attention" ? "*"
                       : type == "moe"                                   ? "E"
                       : type == "mlp"                                   ? "-"
                                                                         : "?";
    if (pattern.empty()) fail(FM_INVALID, config.where(), ": 'hybrid_override_pattern' is missing");
    if (pattern.find_first_not_of("M*E-") != std::string::npos)
        fail(FM_UNSUPPORTED, config.where(), ": the layer pattern ", pattern, " has a kind that is not known");
    return pattern;
}

Mamba2Sizes read_mamba(const Config& config, const Sizes& sizes) {
    Mamba2Sizes m;
    m.hidden = sizes.hidden;
    m.heads = config.positive("mamba_num_heads");
    m.head_dim = config.positive("mamba_head_dim");
    m.groups = config.positive("n_groups");
    m.state_dim = config.positive("ssm_state_size");
    m.kernel = config.positive("conv_kernel");
    m.norm_width = m.heads * m.head_dim / m.groups;
    m.eps = sizes.eps;
    m.projection_bias = config.boolean("mamba_proj_bias", false);
    m.conv_bias = config.boolean("use_conv_bias", true);
    read_dt_limit(config, m, 0, std::numeric_limits<float>::infinity());
    return m;
}

Mlp load_mlp(WeightStore& weights, const std::string& path, int hidden, int inner, bool bias) {
    return {weights.linear(path + ".up_proj", inner, hidden, bias),
            weights.linear(path + ".down_proj", hidden, inner, bias)};
}

void NemotronH::load_mixture(const Loader& loader, int hidden, const std::string& path, Layer& layer) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    bool bias = config.boolean("mlp_bias", false);
    int experts = config.positive("n_routed_experts"), inner = config.positive("moe_intermediate_size");
    int width = config.positive("moe_latent_size", hidden);
    layer.router = weights.linear(path + ".gate", experts, hidden);
    layer.routing = noaux_routing(config, weights, path + ".gate", experts);
    layer.experts.activation = Activation::kRelu2;
    layer.experts.up.weight =
        weights.experts(path + ".switch_mlp.fc1", experts, inner, width, path + ".experts.{}.up_proj");
    layer.experts.down.weight =
        weights.experts(path + ".switch_mlp.fc2", experts, width, inner, path + ".experts.{}.down_proj");
    if (config.has("moe_latent_size")) {
        layer.into = weights.linear(path + ".fc1_latent_proj", width, hidden, bias);
        layer.back = weights.linear(path + ".fc2_latent_proj", hidden, width, bias);
    }
    if (config.integer("n_shared_experts", 0) > 0)
        layer.mlp = load_mlp(weights, path + ".shared_experts", hidden,
                             config.positive("moe_shared_expert_intermediate_size"), bias);
}

// Read only in some layers or sizes, or of no effect here.
void ignore_unread(const Config& config) {
    config.ignore({"use_bias",
                   "expand",
                   "chunk_size",
                   "rms_norm_eps",
                   "norm_eps",
                   "num_hidden_layers",
                   "intermediate_size",
                   "mlp_bias",
                   "attention_bias",
                   "mamba_num_heads",
                   "mamba_head_dim",
                   "mamba_proj_bias",
                   "ssm_state_size",
                   "conv_kernel",
                   "n_groups",
                   "use_conv_bias",
                   "moe_intermediate_size",
                   "moe_shared_expert_intermediate_size",
                   "moe_latent_size",
                   "n_group",
                   "n_routed_experts",
                   "n_shared_experts",
                   "topk_group",
                   "num_experts_per_tok",
                   "norm_topk_prob",
                   "routed_scaling_factor",
                   "time_step_limit",
                   "time_step_min",
                   "time_step_max",
                   "time_step_floor",
                   "time_step_rank",
                   "rescale_prenorm_residual",
                   "residual_in_fp32",
                   "use_mamba_kernels",
                   "num_logits_to_keep",
                   "mamba_ssm_cache_dtype",
                   "partial_rotary_factor",
                   "rope_theta",
                   "layers_block_type",
                   "mtp_hybrid_override_pattern",
                   "mtp_layers_block_type",
                   "moe_shared_expert_overlap",
                   "attention_head_dim",
                   "mamba_hidden_act"});
}

NemotronH::NemotronH(const Loader& loader) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    std::string pattern = read_pattern(config);
    Sizes sizes = read_sizes(config, static_cast<int>(pattern.size()));
    sizes.eps = static_cast<float>(config.number("layer_norm_epsilon", 1e-5));
    config.require_string("mlp_hidden_act", "relu2");
    ignore_unread(config);
    config.require_string("mamba_hidden_act", "silu");
    drop_common(weights);
    weights.drop_prefix("mtp.");
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "backbone.", "lm_head", config.boolean("tie_word_embeddings", false),
                       "embeddings", "norm_f");
    bool bias = config.boolean("attention_bias", false);
    int i = 0;
    for (char kind : pattern) {
        std::string path = "backbone.layers." + std::to_string(i++);
        Layer layer;
        layer.kind = kind;
        layer.norm = weights.vector(path + ".norm.weight", sizes.hidden);
        path += ".mixer";
        if (kind == 'M') layer.mamba = load_mamba2(loader, read_mamba(config, sizes), path);
        if (kind == '*') layer.attention = load_attention(loader, sizes, path, {bias, bias}, 0);
        if (kind == '-')
            layer.mlp = load_mlp(weights, path, sizes.hidden, config.positive("intermediate_size"),
                                 config.boolean("mlp_bias", false));
        if (kind == 'E') load_mixture(loader, sizes.hidden, path, layer);
        if (kind == 'M' || kind == '*') last_ = layers_.size();
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

std::unique_ptr<Graph> load_nemotron_h(const Loader& loader) { return std::make_unique<NemotronH>(loader); }

}  // namespace fastmlx
