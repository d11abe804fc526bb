#include "models/families.h"
#include "models/llama.h"

// Mistral 3 wraps a text model: Llama's graph (Mistral Small 3.x, Devstral) or Ministral's, whose rope is in
// rope_parameters and whose queries grow with the logarithm of their position.

namespace fastmlx {
namespace {

std::unique_ptr<Graph> load_text(const Loader& loader, const std::string& prefix, bool tied) {
    const Config& config = loader.config;
    LlamaTraits traits;
    if (config.string("model_type", "") == "ministral3") {
        Sizes sizes = read_sizes(config);
        config.ignore({"rope_theta", "rope_scaling", "attention_bias"});
        traits.windows = read_windows(config, sizes.layers);
        std::optional<Config> rope = config.object("rope_parameters");
        if (!rope) rope = config.object("rope_scaling");
        double theta =
            rope ? rope->number("rope_theta", config.number("rope_theta", 10000)) : config.number("rope_theta", 10000);
        traits.rope = scaled_rope(sizes.head_dim, theta, false, rope, sizes.context);
        if (rope && rope->has("llama_4_scaling_beta")) {
            traits.position_beta = static_cast<float>(rope->number("llama_4_scaling_beta"));
            traits.position_length = rope->positive("original_max_position_embeddings");
        }
    } else {
        traits = llama_traits(config);
    }
    traits.prefix = prefix;
    traits.tied = config.boolean("tie_word_embeddings", tied);
    return make_llama(loader, traits);
}

}  // namespace

std::unique_ptr<Graph> load_mistral3(const Loader& loader) {
    for (const char* part : {"vision_tower.", "multi_modal_projector."}) loader.weights.drop_prefix(part);
    Config text = loader.config.object("text_config").value_or(loader.config);
    return load_text({text, loader.weights, loader.facts}, "language_model.", false);
}

std::unique_ptr<Graph> load_ministral3(const Loader& loader) { return load_text(loader, "", true); }

}  // namespace fastmlx
