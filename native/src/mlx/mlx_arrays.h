#pragma once
#include <mlx/mlx.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/ops.h"

namespace fastmlx {

namespace mx = mlx::core;

inline mx::Dtype to_mlx(DType type) {
    return type == DType::kF32 ? mx::float32 : type == DType::kBF16 ? mx::bfloat16 : mx::float16;
}

DType from_mlx(mx::Dtype type);

mx::array make_array(mx::Shape shape, mx::Dtype type);  // with memory to be written; FM_NO_MEMORY

// A number in an array's format, as a Python scalar is to MLX.
inline mx::array scalar(double value, mx::Dtype type) { return mx::array(static_cast<float>(value), type); }

// A matrix as MLX multiplies with it: (rows, cols) or (experts, rows, cols), packed as on disk where it is quantised.
struct Matrix {
    mx::array data;
    std::optional<mx::array> scales, biases, turned;  // turned: a dense one's transpose, a view
    int group = 0, bits = 0;
    std::string mode;  // empty: dense

    mx::array multiply(const mx::array& x, bool transposed = true) const;
    mx::array gather(const mx::array& x, const mx::array& experts, bool sorted) const;
    mx::array rows(const mx::array& ids, DType dtype) const;
};

// The weights that the graph's parameters point to, copied into MLX's memory when they are first asked for. Parameters
// must stay where they are: those of a loaded graph do.
class Parameters {
  public:
    // (rows, cols), or (experts, rows, cols) where `stacked`.
    const Matrix& matrix(const Weight& weight, bool stacked = false);
    const mx::array& vector(const Vector& vector, bool plus_one = false);
    const mx::array& wavelengths(const Rope& rope);  // what mx::fast::rope calls freqs

  private:
    using Key = std::vector<int64_t>;  // what of a file a parameter takes: equal ones share an array
    static std::shared_ptr<Matrix> make(const Weight& weight, bool stacked);
    struct Entry {
        Key key;
        std::shared_ptr<Matrix> matrix;
    };

    std::unordered_map<const Weight*, Entry> by_address_;
    std::map<Key, std::shared_ptr<Matrix>> matrices_;
    std::map<Key, mx::array> vectors_;
    std::vector<std::pair<std::vector<float>, mx::array>> wavelengths_;
};

}  // namespace fastmlx
