#include <cmath>
#include <numbers>

#include "engine/failure.h"
#include "mlx/mlx_ops.h"

namespace fastmlx {
namespace {

using Arrays = std::vector<mx::array>;

mx::array silu_of(const mx::array& x) { return mx::multiply(x, mx::sigmoid(x)); }

// The tanh approximation, in mlx.nn's order of operations.
mx::array gelu_of(const mx::array& x) {
    auto number = [&](double value) { return scalar(value, x.dtype()); };
    mx::array cubic = mx::add(x, mx::multiply(number(0.044715), mx::power(x, number(3))));
    mx::array bent = mx::tanh(mx::multiply(number(std::sqrt(2 / std::numbers::pi)), cubic));
    return mx::multiply(mx::multiply(number(0.5), x), mx::add(number(1), bent));
}

Arrays swiglu(const Arrays& in) { return {mx::multiply(silu_of(in[0]), in[1])}; }
Arrays geglu(const Arrays& in) { return {mx::multiply(gelu_of(in[0]), in[1])}; }

Arrays clipped_swiglu(const Arrays& in) {
    mx::Dtype type = in[0].dtype();
    mx::array gate = mx::minimum(in[0], scalar(7, type));
    mx::array up = mx::clip(in[1], scalar(-7, in[1].dtype()), scalar(7, in[1].dtype()));
    mx::array open = mx::sigmoid(mx::multiply(scalar(1.702, type), gate));
    return {mx::multiply(mx::multiply(gate, open), mx::add(up, scalar(1, up.dtype())))};
}

Arrays relu2(const Arrays& in) { return {mx::square(mx::maximum(in[0], scalar(0, in[0].dtype())))}; }

using Function = Arrays (*)(const Arrays&);

// One kernel instead of five. MLX keeps what is compiled per thread and function.
mx::array run(bool fuse, Function function, const Arrays& inputs) {
    return fuse ? mx::compile(function, true)(inputs)[0] : function(inputs)[0];
}

}  // namespace

mx::array MlxOps::activated(Activation kind, const mx::array& gate, const mx::array& up) const {
    switch (kind) {
        case Activation::kSwiGlu:
            return run(fuse_, swiglu, {gate, up});
        case Activation::kGeGlu:
            return run(fuse_, geglu, {gate, up});
        case Activation::kClippedSwiGlu:
            return run(fuse_, clipped_swiglu, {gate, up});
        case Activation::kRelu2:
            break;
    }
    return run(fuse_, relu2, {gate});
}

Tensor MlxOps::activate(Activation kind, Tensor gate, Tensor up) {
    mx::array in = array(gate);
    return like(gate, activated(kind, in, kind == Activation::kRelu2 ? in : array(up)));
}

Tensor MlxOps::silu(Tensor x) { return like(x, silu_of(array(x))); }
Tensor MlxOps::gelu(Tensor x) { return like(x, gelu_of(array(x))); }
Tensor MlxOps::sigmoid(Tensor x) { return like(x, mx::sigmoid(array(x))); }

Tensor MlxOps::softcap(Tensor x, float cap) {
    mx::array in = array(x), factor = scalar(cap, in.dtype());
    return like(x, mx::multiply(mx::tanh(mx::divide(in, factor)), factor));
}

}  // namespace fastmlx
