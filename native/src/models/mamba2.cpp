#include "models/mamba2.h"

#include "engine/failure.h"

namespace fastmlx {

Tensor Mamba2::forward(Ops& ops, Tensor x, bool last) const {
    int inner = ssm.heads * ssm.head_dim, shared = ssm.groups * ssm.state_dim, mixed = inner + 2 * shared;
    Tensor all = ops.linear(x, in);
    Tensor gate = ops.columns(all, 1, 0, inner), dt = ops.columns(all, 1, inner + mixed, ssm.heads);
    Tensor turned = ops.conv1d(ops.columns(all, 1, inner, mixed), conv);
    Tensor b = ops.columns(turned, 1, inner, shared), c = ops.columns(turned, 1, inner + shared, shared);
    Tensor y = ops.ssm(ops.columns(turned, 1, 0, inner), b, c, dt, ssm);
    if (last) y = ops.wanted(y), gate = ops.wanted(gate);
    y = ops.rms_norm(ops.activate(Activation::kSwiGlu, gate, y), norm, norm_spec);
    return ops.linear(y, out);
}

void read_dt_limit(const Config& config, Mamba2Sizes& sizes, float low, float high) {
    std::vector<double> limit = config.numbers("time_step_limit");
    if (!limit.empty() && limit.size() != 2) fail(FM_INVALID, config.where(), ": time_step_limit is no pair");
    sizes.dt_min = limit.empty() ? low : static_cast<float>(limit[0]);
    sizes.dt_max = limit.empty() ? high : static_cast<float>(limit[1]);
}

Mamba2 load_mamba2(const Loader& loader, const Mamba2Sizes& sizes, const std::string& path) {
    WeightStore& weights = loader.weights;
    if (sizes.heads % sizes.groups != 0)
        fail(FM_INVALID, loader.config.where(), ": mamba heads are no multiple of their groups");
    int inner = sizes.heads * sizes.head_dim, channels = inner + 2 * sizes.groups * sizes.state_dim;
    Mamba2 m;
    m.in = weights.linear(path + ".in_proj", inner + channels + sizes.heads, sizes.hidden, sizes.projection_bias);
    m.out = weights.linear(path + ".out_proj", sizes.hidden, inner, sizes.projection_bias);
    m.norm = weights.vector(path + ".norm.weight", inner);
    m.norm_spec = {.eps = sizes.eps, .width = sizes.norm_width};
    m.conv.kernel = sizes.kernel;
    weights.reshape(path + ".conv1d.weight", {channels, sizes.kernel});  // both layouts: one of the three axes is 1
    m.conv.weight = weights.matrix(path + ".conv1d", channels, sizes.kernel);
    if (sizes.conv_bias) m.conv.bias = weights.vector(path + ".conv1d.bias", channels);
    SsmSpec& s = m.ssm;
    s.heads = sizes.heads;
    s.head_dim = sizes.head_dim;
    s.groups = sizes.groups;
    s.state_dim = sizes.state_dim;
    s.dt_min = sizes.dt_min;
    s.dt_max = sizes.dt_max;
    s.a_log = weights.vector(path + ".A_log", sizes.heads);
    s.dt_bias = weights.vector(path + ".dt_bias", sizes.heads);
    s.d = weights.vector(path + ".D", sizes.heads);
    s.offset = static_cast<int64_t>(channels) * (sizes.kernel - 1);
    s.state = loader.add_state(
        {.kind = StateSpec::Kind::kRecurrent, .floats = s.offset + static_cast<int64_t>(inner) * sizes.state_dim});
    m.conv.state = s.state;
    return m;
}

}  // namespace fastmlx
