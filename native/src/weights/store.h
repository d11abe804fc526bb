#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weights/json.h"
#include "weights/safetensors.h"
#include "weights/sharding.h"
#include "weights/weight.h"

namespace fastmlx {

// All tensors of a checkpoint by name. A family takes what its graph needs; `finish` refuses what nobody took, because
// a tensor without a reader means another graph than ours.
class WeightStore {
  public:
    // Maps the files and reads their headers; `config` is the whole config.json.
    // A sharded store cuts what is larger in the files than a family asks for.
    WeightStore(const std::string& folder, const Json& config, const Shard& shard = {});

    // Gives every tensor a new name; an empty one drops it.
    void rename(const std::function<std::string(const std::string&)>& rule);
    void rename_one(const std::string& from, const std::string& to);
    void drop_prefix(const std::string& prefix);
    void reshape(const std::string& name, std::vector<int64_t> shape);  // of as many elements
    // The same bytes as other elements: blocks of codes that a publisher stored as bytes.
    void retype(const std::string& name, Element element, std::vector<int64_t> shape);

    bool has(const std::string& name) const { return tensors_.count(name) != 0; }
    const TensorView* find(const std::string& name) const;
    const std::map<std::string, TensorView>& tensors() const { return tensors_; }

    // A matrix of known shape from `path`.weight (and .scales, .biases), with the storage that config.json gives for
    // it.
    Weight matrix(const std::string& path, int rows, int cols);
    // As `matrix`, with a leading axis. Where the file has one matrix per expert instead, `unstacked` is their path
    // with
    // {} in the number's place.
    Weight experts(const std::string& path, int experts, int rows, int cols, const std::string& unstacked = {});
    Vector vector(const std::string& name, int count);
    Vector table(const std::string& name, int rows, int cols);          // (rows, cols) seen as one vector
    Vector make_vector(const std::vector<float>& values, DType dtype);  // computed at load time
    // The bias is taken where the file has one; `bias` says whether it must be there.
    Linear linear(const std::string& path, int rows, int cols, bool bias = false);

    // For conversions at load time. put_like stores `values` as `path`.weight (and .scales, .biases) in the way `model`
    // is stored. guess_quantisation takes affine bits and groups of `path`, `cols` wide, from its tensors' shapes.
    void put_like(const Weight& model, const std::string& path, const std::vector<float>& values,
                  std::vector<int64_t> shape);
    void guess_quantisation(const std::string& path, int cols);
    void remove(const std::string& name) { tensors_.erase(name); }

    void finish(const std::string& model_type) const;
    uint64_t bytes() const { return bytes_; }  // of this process's part
    uint64_t fingerprint() const { return fingerprint_; }

  private:
    struct Quantisation {
        Storage storage = Storage::kDense;
        int bits = 0, group = 0;
    };

    void convert();
    void convert_awq(const std::string& base);
    void convert_int4(const std::string& base);
    void convert_fp8(const std::string& base);
    struct Cut {  // the part of this process: number `index` of `parts` along `axis`
        int axis = -1;
        int64_t parts = 1, index = 0;
        explicit operator bool() const { return axis >= 0; }
    };
    Cut find_cut(const TensorView& view, const std::vector<int64_t>& wanted) const;
    TensorView require(const std::string& name) const;
    void read_quantisation(const Json& config);
    Quantisation parse_quantisation(const Json& object, const std::string& where) const;
    Quantisation quantisation_of(const std::string& path) const;
    const TensorView& take(const std::string& name);
    void put(const std::string& name, Element element, std::vector<int64_t> shape, std::vector<uint8_t> bytes);
    Weight build(const std::string& path, const std::vector<int64_t>& shape);
    Weight build_whole(const std::string& path, const std::vector<int64_t>& shape, const Quantisation& quantisation);
    void attach_scales(Weight& weight, const std::string& path, std::vector<int64_t> shape);

    std::vector<std::unique_ptr<MappedFile>> files_;
    std::map<std::string, TensorView> tensors_;
    std::map<std::string, bool> taken_;
    std::vector<std::vector<uint8_t>> owned_;
    std::optional<Quantisation> quantisation_;
    std::map<std::string, Quantisation> per_path_;
    Shard shard_;
    uint64_t bytes_ = 0, fingerprint_ = 0;
};

}  // namespace fastmlx
