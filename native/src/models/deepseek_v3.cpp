#include "models/families.h"
#include "models/mla.h"

// DeepSeek-V3 and what took its graph: Kimi K2, GLM-4.7-Flash. Latent attention, some dense layers, then sigmoid
// routing within groups and shared experts.

namespace fastmlx {
namespace {

struct Layer {
    Vector input_norm, post_norm;
    LatentAttention attention;
    NoauxMlp mlp;
};

class DeepseekV3 final : public Graph {
  public:
    DeepseekV3(const Loader& loader, float lora_eps);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.embed(ends_.embed);
        for (const Layer& layer : layers_) {
            bool last = &layer == &layers_.back();
            h = residual(ops, h, layer.attention.forward(ops, ops.rms_norm(h, layer.input_norm, norm_), last));
            h = ops.add(h, layer.mlp.forward(ops, ops.rms_norm(h, layer.post_norm, norm_)));
            ops.keep({&h});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override { return ops.linear(hidden, ends_.head); }

  private:
    Ends ends_;
    NormSpec norm_;
    std::vector<Layer> layers_;
};

DeepseekV3::DeepseekV3(const Loader& loader, float lora_eps) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    Sizes sizes = read_sizes(config);
    config.require_string("hidden_act", "silu");
    config.ignore({"intermediate_size", "moe_intermediate_size", "num_experts_per_tok", "n_group", "topk_group",
                   "n_shared_experts", "norm_topk_prob", "routed_scaling_factor", "qk_head_dim", "rope_interleave",
                   "partial_rotary_factor", "head_dim"});
    config.require_string("scoring_func", "sigmoid");
    config.require_string("topk_method", "noaux_tc");
    drop_common(weights);
    drop_layers_from(weights, "model.layers.", sizes.layers);  // a head that predicts several tokens
    norm_.eps = sizes.eps;
    ends_ = Ends::load(loader, sizes, "model.", "lm_head", config.boolean("tie_word_embeddings", false));
    bool mixture = config.integer("n_routed_experts", 0) > 0;
    std::vector<std::string> kinds = config.strings("mlp_layer_types");  // transformers 5's way to say which are dense
    int dense = config.integer("first_k_dense_replace", 0), every = config.positive("moe_layer_freq", 1);
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = "model.layers." + std::to_string(i);
        Layer layer;
        layer.input_norm = weights.vector(path + ".input_layernorm.weight", sizes.hidden);
        layer.post_norm = weights.vector(path + ".post_attention_layernorm.weight", sizes.hidden);
        layer.attention = load_latent_attention(loader, sizes, path + ".self_attn", lora_eps);
        bool sparse =
            mixture && (kinds.empty() ? i >= dense && i % every == 0 : kinds.at(static_cast<size_t>(i)) == "sparse");
        layer.mlp = NoauxMlp::load(loader, path + ".mlp", sizes.hidden, sparse);
        layers_.push_back(std::move(layer));
    }
}

}  // namespace

// Kimi K2.5 wraps K2 and a tower for pictures.
std::unique_ptr<Graph> load_kimi_k25(const Loader& loader) {
    loader.weights.rename([](const std::string& name) -> std::string {
        for (const char* part : {"vision_tower.", "vision_model.", "multi_modal_projector.", "mm_projector."})
            if (name.starts_with(part)) return {};
        const std::string wrapper = "language_model.";
        return name.starts_with(wrapper) ? name.substr(wrapper.size()) : name;
    });
    Config text = loader.config.object("text_config").value_or(loader.config);
    return std::make_unique<DeepseekV3>(Loader{text, loader.weights, loader.facts}, 1e-6f);
}

std::unique_ptr<Graph> load_deepseek_v3(const Loader& loader) { return std::make_unique<DeepseekV3>(loader, 1e-6f); }

std::unique_ptr<Graph> load_glm4_moe_lite(const Loader& loader) {
    auto eps = static_cast<float>(loader.config.number("rms_norm_eps", 1e-5));
    return std::make_unique<DeepseekV3>(loader, eps);
}

}  // namespace fastmlx
