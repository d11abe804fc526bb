#include "models/rope.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/failure.h"

namespace fastmlx {
namespace {

// Wavelengths: angle = position / wavelength.
std::vector<float> wavelengths(int dims, double base, int over) {
    std::vector<float> lengths;
    for (int i = 0; i < dims / 2; ++i)
        lengths.push_back(std::pow(static_cast<float>(base), static_cast<float>(2 * i) / static_cast<float>(over)));
    return lengths;
}

void set_wavelengths(Rope& rope, const std::vector<float>& lengths) {
    rope.base = 0;
    rope.inverse.clear();
    for (float length : lengths) rope.inverse.push_back(1.f / length);  // of infinity: 0, no turning
}

void llama3(Rope& rope, double base, const Config& scaling) {
    double factor = scaling.number("factor"), low = scaling.number("low_freq_factor", 1),
           high = scaling.number("high_freq_factor", 4),
           original = scaling.number("original_max_position_embeddings", 8192);
    if (high == low) fail(FM_INVALID, scaling.where(), ": low_freq_factor equals high_freq_factor");
    std::vector<float> lengths = wavelengths(rope.dims, base, rope.dims);
    for (float& length : lengths) {
        double turn = 2 * std::numbers::pi * length;
        if (turn > original / low) {
            length = static_cast<float>(length * factor);
        } else if (turn > original / high) {
            double smooth = (original / turn - low) / (high - low);
            length = static_cast<float>(length / ((1 - smooth) / factor + smooth));
        }
    }
    set_wavelengths(rope, lengths);
}

void yarn(Rope& rope, double base, const Config& scaling) {
    double factor = scaling.number("factor"), original = scaling.number("original_max_position_embeddings", 4096);
    auto corrected = [&](double turns) {
        return rope.dims * std::log(original / (turns * 2 * std::numbers::pi)) / (2 * std::log(base));
    };
    double low = std::max(std::floor(corrected(scaling.number("beta_fast", 32))), 0.0);
    double high = std::min(std::ceil(corrected(scaling.number("beta_slow", 1))), static_cast<double>(rope.dims - 1));
    if (low == high) high += 0.001;
    std::vector<float> lengths = wavelengths(rope.dims, base, rope.dims);
    for (size_t i = 0; i < lengths.size(); ++i) {
        double extra = lengths[i], inter = factor * extra;
        double keep = 1 - std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        lengths[i] = static_cast<float>(inter * extra / (inter * keep + extra * (1 - keep)));
    }
    set_wavelengths(rope, lengths);
    rope.magnitude = static_cast<float>(yarn_mscale(factor, scaling.number("mscale", 1)) /
                                        yarn_mscale(factor, scaling.number("mscale_all_dim", 0)));
}

void longrope(Rope& rope, double base, const Config& scaling, int context_max, int fallback) {
    std::vector<double> factors = scaling.numbers("long_factor");
    std::vector<float> lengths = wavelengths(rope.dims, base, rope.dims);
    if (factors.size() != lengths.size())
        fail(FM_INVALID, scaling.where(), ": long_factor has ", factors.size(), " numbers, not ", lengths.size());
    for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = static_cast<float>(lengths[i] * factors[i]);
    set_wavelengths(rope, lengths);
    double original = scaling.number("original_max_position_embeddings", fallback);
    double stretch = static_cast<double>(context_max) / original;
    rope.magnitude = stretch <= 1 ? 1.f : static_cast<float>(std::sqrt(1 + std::log(stretch) / std::log(original)));
}

}  // namespace

double yarn_mscale(double scale, double mscale) { return scale <= 1 ? 1 : 0.1 * mscale * std::log(scale) + 1; }

Rope plain_rope(int dims, double base, bool interleaved) {
    if (dims % 2 != 0) fail(FM_INVALID, "rope over an odd number of features: ", dims);
    Rope rope;
    rope.dims = dims;
    rope.interleaved = interleaved;
    rope.base = static_cast<float>(base);
    float step = static_cast<float>(std::log(base)) / static_cast<float>(dims / 2);
    for (int i = 0; i < dims / 2; ++i) rope.inverse.push_back(std::exp(static_cast<float>(-i) * step));
    return rope;
}

double rope_theta(const Config& config, double fallback) {
    std::optional<Config> all = config.object("rope_parameters");
    double own = config.number("rope_theta", fallback);
    return all ? all->number("rope_theta", own) : own;
}

double rope_share(const Config& config, double fallback) {
    std::optional<Config> all = config.object("rope_parameters");
    double own = config.number("partial_rotary_factor", fallback);
    return all ? all->number("partial_rotary_factor", own) : own;
}

std::optional<Config> rope_of_layers(const Config& config, bool window) {
    std::optional<Config> kinds = config.object("rope_parameters");
    return kinds ? kinds->object(window ? "sliding_attention" : "full_attention") : std::nullopt;
}

std::optional<Config> rope_scaling(const Config& config) {
    std::optional<Config> own = config.object("rope_scaling"), all = config.object("rope_parameters");
    return own ? own : all;
}

Rope proportional_rope(int dims, double base, bool interleaved, double share, double factor) {
    Rope rope = plain_rope(dims, base, interleaved);
    int turning = static_cast<int>(share * dims) / 2;
    std::vector<float> lengths = wavelengths(dims, base, dims);
    for (size_t i = 0; i < lengths.size(); ++i)
        lengths[i] = static_cast<int>(i) < turning ? static_cast<float>(factor * lengths[i])
                                                   : std::numeric_limits<float>::infinity();
    set_wavelengths(rope, lengths);
    return rope;
}

Rope scaled_rope(int dims, double base, bool interleaved, const std::optional<Config>& scaling, int context_max,
                 int original) {
    Rope rope = plain_rope(dims, base, interleaved);
    if (!scaling) return rope;
    // mlx-lm reads none of these: truncate and attention_factor would change yarn a little, mrope is for images.
    scaling->ignore({"rope_theta", "rope_type", "type", "partial_rotary_factor", "truncate", "attention_factor",
                     "mrope_section", "mrope_interleaved", "original_max_position_embeddings", "short_factor",
                     "short_mscale", "long_mscale", "finetuned", "max_position_embeddings"});
    std::string kind = scaling->has("type") ? scaling->string("type", "") : scaling->string("rope_type", "default");
    if (kind == "default" || kind == "mrope") return rope;
    if (kind == "linear") {
        rope.position_scale = static_cast<float>(1 / scaling->number("factor"));
    } else if (kind == "llama3") {
        llama3(rope, base, *scaling);
    } else if (kind == "yarn" || kind == "deepseek_yarn" || kind == "telechat3-yarn") {
        yarn(rope, base, *scaling);
    } else if (kind == "longrope" || kind == "su") {
        longrope(rope, base, *scaling, context_max, original);
    } else if (kind == "dynamic") {
        rope.dynamic_factor = static_cast<float>(scaling->number("factor"));
        rope.dynamic_max = context_max;
    } else if (kind == "proportional") {
        return proportional_rope(dims, base, interleaved, scaling->number("partial_rotary_factor", 1),
                                 scaling->number("factor", 1));
    } else {
        fail(FM_UNSUPPORTED, scaling->where(), ": rope type '", kind, "' is not known");
    }
    return rope;
}

}  // namespace fastmlx
