#include "models/gemma4.h"

#include <cmath>
#include <cstdlib>
#include <map>

#include "engine/failure.h"
#include "models/families.h"
#include "models/rope.h"

// Gemma 4: Gemma 3's norms around each branch with plain weights, two kinds of heads, and per size a mixture beside the
// MLP (26B-A4B) or an embedding per layer and shared states (E2B, E4B).

namespace fastmlx {
namespace {

class Gemma4 final : public Graph {
  public:
    Gemma4(const Loader& loader, const Sizes& sizes, const std::string& prefix);

    Tensor hidden(Ops& ops) const override {
        Tensor h = ops.scale(ops.embed(ends_.embed), std::sqrt(static_cast<double>(ends_.embed.cols)));
        Tensor inputs = input_dim_ > 0 ? layer_inputs(ops, h) : Tensor{};
        for (size_t i = 0; i < layers_.size(); ++i) {
            const Gemma4Layer& layer = layers_[i];
            Tensor y = layer.attention.forward(ops, ops.rms_norm(h, layer.before_attention, norm_), i == last_);
            h = residual(ops, h, ops.rms_norm(y, layer.after_attention, norm_));
            if (i == last_ && inputs) inputs = ops.wanted(inputs);
            h = ops.add(h, ops.rms_norm(feed_forward(ops, layer, h), layer.after_mlp, norm_));
            if (inputs) {
                Tensor own = ops.columns(inputs, 1, static_cast<int>(i) * input_dim_, input_dim_);
                Tensor gate = ops.multiply(ops.gelu(ops.linear(h, layer.input_gate)), own);
                h = ops.add(h, ops.rms_norm(ops.linear(gate, layer.input_up), layer.after_input, norm_));
            }
            h = ops.multiply(h, layer.scalar);
            ops.keep({&h, &inputs});
        }
        return ops.rms_norm(h, ends_.norm, norm_);
    }

    Tensor logits(Ops& ops, Tensor hidden) const override {
        Tensor y = ops.linear(hidden, ends_.head);
        return cap_ > 0 ? ops.softcap(y, cap_) : y;
    }

  private:
    Tensor feed_forward(Ops& ops, const Gemma4Layer& layer, Tensor h) const {
        Tensor y = layer.mlp.forward(ops, ops.rms_norm(h, layer.before_mlp, norm_));
        if (!layer.mixture.router) return y;
        return ops.add(ops.rms_norm(y, layer.mixture.after_mlp, norm_), layer.mixture.forward(ops, h, norm_));
    }
    // For all layers side by side: the token's embeddings and a projection of what enters the first layer.
    Tensor layer_inputs(Ops& ops, Tensor h) const {
        Tensor table = ops.scale(ops.embed(input_table_), std::sqrt(static_cast<double>(input_dim_)));
        Tensor projected = ops.scale(ops.linear(h, input_projection_), 1 / std::sqrt(static_cast<double>(h.cols)));
        NormSpec norm = norm_;
        norm.width = input_dim_;
        return ops.scale(ops.add(ops.rms_norm(projected, input_norm_, norm), table), std::sqrt(0.5));
    }
    void load_inputs(const Loader& loader, const Sizes& sizes, const std::string& prefix);
    Gemma4Attention load_heads(const Loader& loader, const Sizes& sizes, const std::string& path, bool full,
                               bool shares);

    Ends ends_;
    NormSpec norm_;
    float cap_ = 0;
    int input_dim_ = 0;
    Weight input_table_;
    Linear input_projection_;
    Vector input_norm_;
    std::map<bool, int> last_state_;  // of full layers, of windows
    std::vector<Gemma4Layer> layers_;
    size_t last_ = 0;  // the last layer that has a state of its own
};

Rope read_rope(const Config& config, bool full, int head_dim, int context) {
    bool interleaved = config.boolean("rope_traditional", false);
    std::optional<Config> kinds = config.object("rope_parameters");
    std::optional<Config> own = kinds ? kinds->object(full ? "full_attention" : "sliding_attention") : std::nullopt;
    if (kinds) return scaled_rope(head_dim, own ? own->number("rope_theta", 10000) : 10000, interleaved, own, context);
    if (!full) return plain_rope(head_dim, 10000, interleaved);
    return proportional_rope(head_dim, 1000000, interleaved, 0.25, 1);
}

Gemma4Attention Gemma4::load_heads(const Loader& loader, const Sizes& sizes, const std::string& path, bool full,
                                   bool shares) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    bool same = full && config.boolean("attention_k_eq_v", false);
    int kv_heads = same ? config.positive("num_global_key_value_heads", sizes.kv_heads) : sizes.kv_heads;
    Gemma4Attention a;
    a.head_dim = full ? config.positive("global_head_dim", 512) : sizes.head_dim;
    a.norm = norm_;
    a.norm.width = a.head_dim;
    a.rope = read_rope(config, full, a.head_dim, sizes.context);
    a.q = weights.linear(path + ".q_proj", sizes.heads * a.head_dim, sizes.hidden);
    a.o = weights.linear(path + ".o_proj", sizes.hidden, sizes.heads * a.head_dim);
    a.q_norm = weights.vector(path + ".q_norm.weight", a.head_dim);
    a.spec.heads = sizes.heads;
    a.spec.window = full ? 0 : config.positive("sliding_window", 512);
    if (sizes.heads % kv_heads != 0) fail(FM_INVALID, config.where(), ": query heads are no multiple of key heads");
    if (shares) {
        for (const char* part : {".k_proj.", ".v_proj.", ".k_norm."}) weights.drop_prefix(path + part);
        if (last_state_.count(full) == 0)
            fail(FM_INVALID, config.where(), ": ", path, " shares the state of no earlier layer");
        a.spec.state = last_state_[full];
        return a;
    }
    a.k = weights.linear(path + ".k_proj", kv_heads * a.head_dim, sizes.hidden);
    if (!same) a.v = weights.linear(path + ".v_proj", kv_heads * a.head_dim, sizes.hidden);
    a.k_norm = weights.vector(path + ".k_norm.weight", a.head_dim);
    a.spec.state = loader.add_state({.dtype = product_type(loader, a.k),
                                     .heads = kv_heads,
                                     .k_dim = a.head_dim,
                                     .v_dim = a.head_dim,
                                     .window = a.spec.window});
    last_state_[full] = a.spec.state;
    return a;
}

void Gemma4::load_inputs(const Loader& loader, const Sizes& sizes, const std::string& prefix) {
    input_dim_ = loader.config.integer("hidden_size_per_layer_input", 256);
    if (input_dim_ == 0) return;
    int all = sizes.layers * input_dim_, vocab = loader.config.positive("vocab_size_per_layer_input", 262144);
    if (vocab < sizes.vocab) fail(FM_UNSUPPORTED, "fewer embeddings per layer than tokens: ", vocab);
    input_table_ = loader.weights.matrix(prefix + "model.embed_tokens_per_layer", vocab, all);
    input_projection_ = loader.weights.linear(prefix + "model.per_layer_model_projection", all, sizes.hidden);
    input_norm_ = loader.weights.vector(prefix + "model.per_layer_projection_norm.weight", input_dim_);
}

Gemma4::Gemma4(const Loader& loader, const Sizes& sizes, const std::string& prefix) {
    const Config& config = loader.config;
    WeightStore& weights = loader.weights;
    config.require_string("hidden_activation", "gelu_pytorch_tanh");
    config.ignore({"hidden_act", "vocab_size", "vocab_size_per_layer_input", "global_partial_rotary_factor",
                   "partial_rotary_factor", "attention_bias", "attention_k_eq_v", "num_global_key_value_heads",
                   "num_experts", "top_k_experts", "moe_intermediate_size", "expert_intermediate_size",
                   "global_head_dim", "sliding_window", "use_double_wide_mlp"});
    // "vision" is of pictures only.
    if (config.string("use_bidirectional_attention", "vision") != "vision")
        fail(FM_UNSUPPORTED, config.where(), ": 'use_bidirectional_attention' is set: this model is no causal one");
    norm_.eps = sizes.eps;
    bool tied = config.boolean("tie_word_embeddings", true);
    ends_ = Ends::load(loader, sizes, prefix + "model.", prefix + "lm_head", tied);
    load_inputs(loader, sizes, prefix);
    cap_ = config.is_null("final_logit_softcapping") ? 0
                                                     : static_cast<float>(config.number("final_logit_softcapping", 30));
    int shared = config.integer("num_kv_shared_layers", 20), period = config.positive("sliding_window_pattern", 5);
    int inner = config.positive("intermediate_size", 6144), own = sizes.layers - shared;
    bool wide = config.boolean("use_double_wide_mlp", true), mixture = config.boolean("enable_moe_block", false);
    std::vector<std::string> types = config.strings("layer_types");
    if (!types.empty()) read_windows(config, sizes.layers);  // checks them
    for (int i = 0; i < sizes.layers; ++i) {
        std::string path = prefix + "model.layers." + std::to_string(i);
        bool full = types.empty() ? (i + 1) % period == 0 : types[static_cast<size_t>(i)] == "full_attention";
        bool late = i >= own;
        Gemma4Layer layer;
        auto norm = [&](const char* name) { return weights.vector(path + name, sizes.hidden); };
        layer.before_attention = norm(".input_layernorm.weight");
        layer.after_attention = norm(".post_attention_layernorm.weight");
        layer.before_mlp = norm(".pre_feedforward_layernorm.weight");
        layer.after_mlp = norm(".post_feedforward_layernorm.weight");
        layer.scalar = weights.vector(path + ".layer_scalar", 1);
        layer.attention = load_heads(loader, sizes, path + ".self_attn", full, late);
        if (!late) last_ = layers_.size();
        layer.mlp = GluMlp::load(weights, path + ".mlp", sizes.hidden, late && own > 0 && wide ? 2 * inner : inner);
        layer.mlp.activation = Activation::kGeGlu;
        if (mixture) layer.mixture = Gemma4Mixture::load(loader, path, sizes.hidden);
        if (input_dim_ > 0) {
            layer.input_gate = weights.linear(path + ".per_layer_input_gate", input_dim_, sizes.hidden);
            layer.input_up = weights.linear(path + ".per_layer_projection", sizes.hidden, input_dim_);
            layer.after_input = norm(".post_per_layer_input_norm.weight");
        }
        layers_.push_back(std::move(layer));
    }
}

std::unique_ptr<Graph> load(const Loader& loader, int vocab, const std::string& prefix) {
    const Config& config = loader.config;
    loader.weights.rename([](const std::string& name) {
        for (const char* part : {"rotary_emb", "input_max", "input_min", "output_max", "output_min"})
            if (name.find(part) != std::string::npos) return std::string();
        return name;
    });
    Sizes sizes{.hidden = config.positive("hidden_size", 1536),
                .layers = config.positive("num_hidden_layers", 35),
                .heads = config.positive("num_attention_heads", 8),
                .kv_heads = config.positive("num_key_value_heads", 1),
                .head_dim = config.positive("head_dim", 256),
                .vocab = vocab,
                .context = config.positive("max_position_embeddings", 131072),
                .eps = static_cast<float>(config.number("rms_norm_eps", 1e-6))};
    return std::make_unique<Gemma4>(loader, sizes, prefix);
}

}  // namespace

std::unique_ptr<Graph> load_gemma4_text(const Loader& loader) {
    return load(loader, loader.config.positive("vocab_size", 262144), "");
}

std::unique_ptr<Graph> load_gemma4(const Loader& loader) {
    loader.weights.rename([](const std::string& name) -> std::string {
        bool outer = name.starts_with("model.");
        std::string rest = outer ? name.substr(6) : name;
        for (const char* part :
             {"vision_tower", "multi_modal_projector", "audio_tower", "embed_audio", "embed_vision", "vision_embedder"})
            if (rest.starts_with(part)) return {};
        const std::string wrapper = "language_model.";
        return outer && rest.starts_with(wrapper) ? wrapper + "model." + rest.substr(wrapper.size()) : rest;
    });
    Config text = loader.config.object("text_config").value_or(loader.config);
    int vocab = loader.config.positive("vocab_size", text.positive("vocab_size", 262144));
    return load({text, loader.weights, loader.facts}, vocab, "language_model.");
}

}  // namespace fastmlx
