#include "weights/store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "engine/failure.h"
#include "engine/hash.h"
#include "weights/dequantise.h"

namespace fastmlx {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> weight_files(const std::string& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::string name = entry.path().filename().string();
        if (name.starts_with("model") && name.ends_with(".safetensors")) paths.push_back(entry.path().string());
    }
    if (error) fail(FM_IO, "cannot read the folder ", folder, ": ", error.message());
    if (paths.empty()) fail(FM_INVALID, folder, " has no model*.safetensors");
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

DType float_type(const TensorView& view) {
    switch (view.element) {
        case Element::kF32:
            return DType::kF32;
        case Element::kBF16:
            return DType::kBF16;
        case Element::kF16:
            return DType::kF16;
        default:
            fail(FM_UNSUPPORTED, "tensor ", view.name, " is ", element_name(view.element), ", not a float");
    }
}

void check_shape(const TensorView& view, const std::vector<int64_t>& shape) {
    if (view.shape != shape)
        fail(FM_INVALID, "tensor ", view.name, " has shape ", shape_text(view.shape), " where config.json asks for ",
             shape_text(shape));
}

}  // namespace

WeightStore::WeightStore(const std::string& folder, const Json& config, const Shard& shard) : shard_(shard) {
    read_quantisation(config);
    Hash hash;
    for (const std::string& path : weight_files(folder)) {
        files_.push_back(std::make_unique<MappedFile>(path));
        for (TensorView& view : read_safetensors(*files_.back())) {
            bytes_ += view.bytes;
            hash.add(view.name).add(view.bytes);
            std::string name = view.name;
            if (!tensors_.emplace(name, std::move(view)).second) fail(FM_INVALID, "tensor ", name, " is in two files");
        }
    }
    fingerprint_ = hash.value();
    convert();
}

WeightStore::Quantisation WeightStore::parse_quantisation(const Json& object, const std::string& where) const {
    auto number = [&](const char* key, int fallback) {
        const Json* found = object.find(key);
        if (found == nullptr) return fallback;
        if (!found->is_integer()) fail(FM_INVALID, where, ": '", key, "' is not an integer");
        return static_cast<int>(std::clamp<int64_t>(found->integer(), -1, 1 << 20));
    };
    const Json* named = object.find("mode");
    std::string mode = named == nullptr || named->is_null() ? "affine" : named->string();
    Quantisation result;
    bool good;
    if (mode == "affine") {
        result = {Storage::kAffine, number("bits", 4), number("group_size", 64)};
        constexpr int kBits[] = {2, 3, 4, 5, 6, 8}, kGroups[] = {32, 64, 128};
        good = std::count(std::begin(kBits), std::end(kBits), result.bits) == 1 &&
               std::count(std::begin(kGroups), std::end(kGroups), result.group) == 1;
    } else if (mode == "mxfp4" || mode == "mxfp8" || mode == "nvfp4") {
        bool nv = mode == "nvfp4", wide = mode == "mxfp8";
        result = {nv ? Storage::kNvfp4 : wide ? Storage::kMxfp8 : Storage::kMxfp4, wide ? 8 : 4, nv ? 16 : 32};
        good = number("bits", result.bits) == result.bits && number("group_size", result.group) == result.group;
    } else {
        fail(FM_UNSUPPORTED, where, ": quantisation mode '", mode, "' is not one of affine, mxfp4, mxfp8, nvfp4");
    }
    if (!good)
        fail(FM_UNSUPPORTED, where, ": ", mode, " with ", number("bits", 0), " bits and groups of ",
             number("group_size", 0), " does not exist");
    return result;
}

void WeightStore::read_quantisation(const Json& config) {
    auto object = [](const Json& parent, const char* key) -> const Json* {
        const Json* found = parent.find(key);
        return found != nullptr && found->is_object() ? found : nullptr;
    };
    const Json* text = object(config, "text_config");
    if (const Json* native = object(config, "quantization")) {
        quantisation_ = parse_quantisation(*native, "config.json quantization");
        for (const Json::Member& member : native->members()) {
            bool off = member.second.kind() == Json::Kind::kBool && !member.second.boolean();
            if (off) per_path_[member.first] = Quantisation{};
            if (member.second.is_object())
                per_path_[member.first] =
                    parse_quantisation(member.second, "config.json quantization of " + member.first);
        }
        return;
    }
    const Json* foreign = object(config, "quantization_config");
    if (foreign == nullptr && text != nullptr) foreign = object(*text, "quantization_config");
    if (foreign == nullptr) return;
    const Json* method = foreign->find("quant_method");
    if (method == nullptr) {
        quantisation_ = parse_quantisation(*foreign, "config.json quantization_config");
    } else if (method->string() == "mxfp4") {
        quantisation_ = Quantisation{Storage::kMxfp4, 4, 32};
    } else if (method->string() == "awq" || method->string() == "gptq") {
        const Json* bits = foreign->find("bits");
        const Json* group = foreign->find("group_size");
        if (bits != nullptr && (!bits->is_integer() || bits->integer() != 4))
            fail(FM_UNSUPPORTED, "config.json: only 4-bit AWQ and GPTQ are supported");
        quantisation_ = Quantisation{Storage::kAffine, 4, 128};
        if (group != nullptr && group->is_integer()) quantisation_->group = static_cast<int>(group->integer());
        if (quantisation_->group != 32 && quantisation_->group != 64 && quantisation_->group != 128)
            fail(FM_UNSUPPORTED, "config.json: groups of ", quantisation_->group, " are not supported");
    } else if (method->string() == "fp8") {
        // 8-bit floats are made bfloat16 when the file is opened; nothing is left quantised.
    } else if (method->string() == "compressed-tensors") {
        const Json* format = foreign->find("format");
        bool nv = format != nullptr && format->string() == "nvfp4-pack-quantized";
        quantisation_ = nv ? Quantisation{Storage::kNvfp4, 4, 16} : Quantisation{Storage::kAffine, 4, 32};
    } else {
        fail(FM_UNSUPPORTED, "config.json: quant_method '", method->string(), "' is not supported");
    }
}

void WeightStore::rename(const std::function<std::string(const std::string&)>& rule) {
    std::map<std::string, TensorView> renamed;
    for (auto& [name, view] : tensors_) {
        std::string next = rule(name);
        if (next.empty()) continue;
        if (!renamed.emplace(next, std::move(view)).second) fail(FM_INVALID, "two tensors mean ", next);
    }
    tensors_ = std::move(renamed);
    std::map<std::string, Quantisation> paths;  // config.json names modules as the file does
    const std::string suffix = ".weight";
    for (const auto& [path, quantisation] : per_path_) {
        std::string next = rule(path + suffix);
        bool module = next.ends_with(suffix);
        paths[module ? next.substr(0, next.size() - suffix.size()) : path] = quantisation;
    }
    per_path_ = std::move(paths);
}

void WeightStore::rename_one(const std::string& from, const std::string& to) {
    auto node = tensors_.extract(from);
    if (node.empty()) fail(FM_INVALID, "the checkpoint has no tensor ", from);
    node.key() = to;
    if (!tensors_.insert(std::move(node)).inserted) fail(FM_INVALID, "two tensors mean ", to);
}

void WeightStore::reshape(const std::string& name, std::vector<int64_t> shape) {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) fail(FM_INVALID, "the checkpoint has no tensor ", name);
    int64_t count = 1;
    for (int64_t dimension : shape) count *= dimension;
    if (count != found->second.count()) check_shape(found->second, shape);
    found->second.shape = std::move(shape);
}

void WeightStore::retype(const std::string& name, Element element, std::vector<int64_t> shape) {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) fail(FM_INVALID, "the checkpoint has no tensor ", name);
    TensorView view = found->second;
    view.element = element;
    view.shape = shape;
    if (view.count() * element_bytes(element) != static_cast<int64_t>(view.bytes)) check_shape(found->second, shape);
    found->second = std::move(view);
}

void WeightStore::drop_prefix(const std::string& prefix) {
    std::erase_if(tensors_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

const TensorView* WeightStore::find(const std::string& name) const {
    auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
}

TensorView WeightStore::require(const std::string& name) const {
    const TensorView* view = find(name);
    if (view == nullptr) fail(FM_INVALID, "the checkpoint has no tensor ", name);
    return *view;
}

const TensorView& WeightStore::take(const std::string& name) {
    const TensorView* view = find(name);
    if (view == nullptr) fail(FM_INVALID, "the checkpoint has no tensor ", name);
    taken_[name] = true;
    return *view;
}

WeightStore::Quantisation WeightStore::quantisation_of(const std::string& path) const {
    if (auto found = per_path_.find(path); found != per_path_.end()) return found->second;
    if (!has(path + ".scales")) return {};
    if (!quantisation_) fail(FM_INVALID, path, " has scales, but config.json says nothing of quantisation");
    return *quantisation_;
}

WeightStore::Cut WeightStore::find_cut(const TensorView& view, const std::vector<int64_t>& wanted) const {
    Cut cut;
    if (!shard_ || view.shape.size() != wanted.size()) return cut;
    for (size_t axis = 0; axis < wanted.size(); ++axis) {
        int64_t there = view.shape[axis], parts = there / wanted[axis];
        if (there == wanted[axis]) continue;
        if (cut || parts * wanted[axis] != there || shard_.size % parts != 0) return {};
        cut = {static_cast<int>(axis), parts, shard_.rank * parts / shard_.size};
    }
    return cut;
}

Weight WeightStore::build(const std::string& path, const std::vector<int64_t>& shape) {
    Quantisation quantisation = quantisation_of(path);
    std::vector<int64_t> stored = shape;
    if (quantisation.storage != Storage::kDense) stored.back() = shape.back() * quantisation.bits / 32;
    Cut cut = find_cut(require(path + ".weight"), stored);
    if (!cut) return build_whole(path, shape, quantisation);
    std::vector<int64_t> whole = shape;
    whole[static_cast<size_t>(cut.axis)] *= cut.parts;
    Weight weight = build_whole(path, whole, quantisation);
    bytes_ -= weight.bytes();
    auto count = static_cast<int>(shape[static_cast<size_t>(cut.axis)]), first = count * static_cast<int>(cut.index);
    switch (static_cast<int>(shape.size()) - cut.axis) {
        case 1:
            if (weight.group != 0 && count % weight.group != 0)
                fail(FM_UNSUPPORTED, path, ": ", whole.back(), " columns in groups of ", weight.group,
                     " cannot be split in ", cut.parts);
            weight = weight.columns(first, count);
            weight.partial = true;
            break;
        case 2:
            weight = weight.slice(first, count);
            break;
        default:
            weight.first_row += static_cast<int64_t>(first) * weight.expert_rows;
            weight.experts = count;
    }
    bytes_ += weight.bytes();
    return weight;
}

Weight WeightStore::build_whole(const std::string& path, const std::vector<int64_t>& shape,
                                const Quantisation& quantisation) {
    const TensorView& view = take(path + ".weight");
    Weight weight;
    weight.name = path;
    weight.storage = quantisation.storage;
    weight.cols = static_cast<int>(shape.back());
    weight.rows = static_cast<int>(shape[shape.size() - 2]);
    weight.experts = shape.size() == 3 ? static_cast<int>(shape[0]) : 1;
    weight.expert_rows = weight.rows;
    weight.parts.push_back({view.data, nullptr, nullptr});
    if (quantisation.storage == Storage::kDense) {
        check_shape(view, shape);
        weight.dtype = float_type(view);
        weight.row_bytes = shape.back() * dtype_bytes(weight.dtype);
        return weight;
    }
    weight.bits = quantisation.bits;
    weight.group = quantisation.group;
    if (shape.back() % std::max(32, weight.group) != 0 && shape.back() % weight.group != 0)
        fail(FM_INVALID, path, ": ", shape.back(), " columns are no whole number of groups of ", weight.group);
    std::vector<int64_t> packed = shape;
    packed.back() = shape.back() * weight.bits / 32;
    if (view.element != Element::kU32)
        fail(FM_INVALID, "tensor ", view.name, " is ", element_name(view.element), ", not U32");
    check_shape(view, packed);
    weight.row_bytes = packed.back() * 4;
    attach_scales(weight, path, shape);
    return weight;
}

void WeightStore::attach_scales(Weight& weight, const std::string& path, std::vector<int64_t> shape) {
    const TensorView& scales = take(path + ".scales");
    shape.back() /= weight.group;
    check_shape(scales, shape);
    weight.parts[0].scales = scales.data;
    if (weight.storage != Storage::kAffine) {
        if (scales.element != Element::kU8) fail(FM_INVALID, "tensor ", scales.name, " is not U8");
        weight.dtype = DType::kBF16;  // what MLX dequantises these modes to
        weight.scale_row_bytes = shape.back();
        return;
    }
    weight.dtype = float_type(scales);
    weight.scale_row_bytes = shape.back() * dtype_bytes(weight.dtype);
    const TensorView& biases = take(path + ".biases");
    check_shape(biases, shape);
    if (biases.element != scales.element) fail(FM_INVALID, path, ": scales and biases differ in type");
    weight.parts[0].biases = biases.data;
}

Weight WeightStore::matrix(const std::string& path, int rows, int cols) { return build(path, {rows, cols}); }

Weight WeightStore::experts(const std::string& path, int experts, int rows, int cols, const std::string& unstacked) {
    if (unstacked.empty() || has(path + ".weight")) return build(path, {experts, rows, cols});
    size_t hole = unstacked.find("{}");
    Weight all;
    for (int e = 0; e < experts; ++e) {
        std::string name = unstacked;
        Weight one = build(name.replace(hole, 2, std::to_string(e)), {rows, cols});
        bool same = e == 0 || (one.storage == all.storage && one.bits == all.bits && one.group == all.group &&
                               one.dtype == all.dtype);
        if (!same) fail(FM_UNSUPPORTED, name, " is stored unlike the other experts");
        if (e == 0)
            all = one;
        else
            all.parts.push_back(one.parts[0]);
    }
    all.name = path;
    all.experts = experts;
    return all;
}

Vector WeightStore::vector(const std::string& name, int count) {
    const TensorView& view = take(name);
    Cut cut = find_cut(view, {count});
    check_shape(view, {count * cut.parts});
    return {view.data + cut.index * count * element_bytes(view.element), float_type(view), count};
}

Vector WeightStore::table(const std::string& name, int rows, int cols) {
    const TensorView& view = take(name);
    Cut cut = find_cut(view, {rows, cols});
    check_shape(view, {cut.axis == 0 ? rows * cut.parts : rows, cut.axis == 1 ? cols * cut.parts : cols});
    int64_t unit = element_bytes(view.element);
    if (cut.axis != 1) return {view.data + cut.index * rows * cols * unit, float_type(view), rows * cols};
    std::vector<uint8_t> part(static_cast<size_t>(rows * cols * unit));
    for (int64_t row = 0; row < rows; ++row)
        std::memcpy(part.data() + row * cols * unit, view.data + (row * cut.parts + cut.index) * cols * unit,
                    static_cast<size_t>(cols * unit));
    owned_.push_back(std::move(part));
    return {owned_.back().data(), float_type(view), rows * cols};
}

Vector WeightStore::make_vector(const std::vector<float>& values, DType dtype) {
    std::vector<uint8_t> bytes(values.size() * static_cast<size_t>(dtype_bytes(dtype)));
    for (size_t i = 0; i < values.size(); ++i) store_float(dtype, bytes.data(), static_cast<int64_t>(i), values[i]);
    owned_.push_back(std::move(bytes));
    return {owned_.back().data(), dtype, static_cast<int>(values.size())};
}

Linear WeightStore::linear(const std::string& path, int rows, int cols, bool bias) {
    Linear linear{matrix(path, rows, cols), {}};
    if (bias || has(path + ".bias")) linear.bias = vector(path + ".bias", rows);
    return linear;
}

void WeightStore::put(const std::string& name, Element element, std::vector<int64_t> shape,
                      std::vector<uint8_t> bytes) {
    owned_.push_back(std::move(bytes));
    tensors_[name] = {name, element, std::move(shape), owned_.back().data(), owned_.back().size()};
}

void WeightStore::put_like(const Weight& model, const std::string& path, const std::vector<float>& values,
                           std::vector<int64_t> shape) {
    Element element = model.dtype == DType::kF32    ? Element::kF32
                      : model.dtype == DType::kBF16 ? Element::kBF16
                                                    : Element::kF16;
    auto unit = static_cast<size_t>(dtype_bytes(model.dtype));
    bool fits = model.storage == Storage::kAffine && shape.back() % model.group == 0;
    if (!fits) {  // dense, or too narrow to quantise again
        per_path_[path] = {};
        std::vector<uint8_t> bytes(values.size() * unit);
        for (size_t i = 0; i < values.size(); ++i)
            store_float(model.dtype, bytes.data(), static_cast<int64_t>(i), values[i]);
        return put(path + ".weight", element, std::move(shape), std::move(bytes));
    }
    per_path_[path] = {model.storage, model.bits, model.group};
    auto group = static_cast<size_t>(model.group);
    size_t groups = values.size() / group;
    std::vector<uint8_t> packed(values.size() * static_cast<size_t>(model.bits) / 8), codes(group);
    std::vector<uint8_t> scales(groups * unit), biases(groups * unit);
    for (size_t g = 0; g < groups; ++g) {
        float scale, bias;
        quantise_group(values.data() + g * group, model.group, model.bits, model.dtype, codes.data(), &scale, &bias);
        store_float(model.dtype, scales.data(), static_cast<int64_t>(g), scale);
        store_float(model.dtype, biases.data(), static_cast<int64_t>(g), bias);
        for (size_t i = 0; i < group; ++i) {
            size_t bit = (g * group + i) * static_cast<size_t>(model.bits);
            unsigned code = static_cast<unsigned>(codes[i]) << (bit % 8);
            packed[bit / 8] = static_cast<uint8_t>(packed[bit / 8] | code);
            if (bit % 8 + static_cast<size_t>(model.bits) > 8)
                packed[bit / 8 + 1] = static_cast<uint8_t>(packed[bit / 8 + 1] | (code >> 8));
        }
    }
    std::vector<int64_t> packed_shape = shape, group_shape = shape;
    packed_shape.back() = shape.back() * model.bits / 32;
    group_shape.back() = shape.back() / model.group;
    put(path + ".weight", Element::kU32, packed_shape, std::move(packed));
    put(path + ".scales", element, group_shape, std::move(scales));
    put(path + ".biases", element, group_shape, std::move(biases));
}

void WeightStore::guess_quantisation(const std::string& path, int cols) {
    const TensorView* weight = find(path + ".weight");
    const TensorView* scales = find(path + ".scales");
    if (weight == nullptr || scales == nullptr || !has(path + ".biases")) return;
    if (weight->shape.size() != 2 || scales->shape.size() != 2 || scales->shape[1] == 0) return;
    per_path_[path] = {Storage::kAffine, static_cast<int>(weight->shape[1] * 32 / cols),
                       static_cast<int>(cols / scales->shape[1])};
}

void WeightStore::finish(const std::string& model_type) const {
    for (const auto& [name, view] : tensors_)
        if (taken_.count(name) == 0)
            fail(FM_UNSUPPORTED, "tensor ", name, " has no place in the ", model_type, " graph");
}

}  // namespace fastmlx
