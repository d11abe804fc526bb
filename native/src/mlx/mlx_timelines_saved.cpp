#include <cstring>

#include "engine/failure.h"
#include "mlx/mlx_timelines.h"

namespace fastmlx {
namespace {

bool in_rows(const StateSpec& spec) { return spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0; }

uint8_t* put(const mx::array& value, uint8_t* out) {
    mx::array flat = mx::contiguous(value);
    mx::eval(flat);
    std::memcpy(out, flat.data<uint8_t>(), flat.nbytes());
    return out + flat.nbytes();
}

mx::array get(const uint8_t*& data, mx::Shape shape, mx::Dtype type) {
    mx::array out = make_array(std::move(shape), type);
    std::memcpy(out.data<uint8_t>(), data, out.nbytes());
    data += out.nbytes();
    return out;
}

mx::array get_rows(const uint8_t*& data, const StateSpec& spec, int rows, int width) {
    return get(data, {1, spec.heads, rows, width}, to_mlx(spec.dtype));
}

}  // namespace

uint64_t MlxTimelines::rest_bytes(const StateSpec& spec, int length) {
    if (spec.kind == StateSpec::Kind::kRecurrent) return static_cast<uint64_t>(spec.floats) * 4;
    return static_cast<uint64_t>(length - oldest(spec, length)) * token_bytes(spec);
}

uint8_t* MlxTimelines::save_range(const Layer& layer, int first, int count, uint8_t* out) {
    if (!layer.keys) fail(FM_INTERNAL, "a state was never written");
    int from = first - layer.start;
    out = put(rows_of(*layer.keys, from, from + count), out);
    return put(rows_of(*layer.values, from, from + count), out);
}

uint8_t* MlxTimelines::save_rest(const Layer& layer, const StateSpec& spec, int length, uint8_t* out) {
    if (spec.kind == StateSpec::Kind::kKeyValue)
        return save_range(layer, oldest(spec, length), length - oldest(spec, length), out);
    auto bytes = static_cast<size_t>(spec.floats) * 4;
    std::memset(out, 0, bytes);
    if (layer.packed) put(*layer.packed, out);
    for (const Part& part : layer.parts) put(mx::astype(part.value, mx::float32), out + part.offset * 4);
    return out + bytes;
}

const uint8_t* MlxTimelines::load_rest(Layer& layer, const StateSpec& spec, int length, const uint8_t* data) {
    if (spec.kind == StateSpec::Kind::kRecurrent) {
        layer.packed = get(data, {static_cast<int>(spec.floats)}, mx::float32);
        return data;
    }
    layer.start = oldest(spec, length);
    layer.keys = get_rows(data, spec, length - layer.start, first_width(spec));
    layer.values = get_rows(data, spec, length - layer.start, second_width(spec));
    return data;
}

uint64_t MlxTimelines::saved_bytes(int slot) const {
    int length = at(slot).length;
    uint64_t bytes = 0;
    for (const StateSpec& spec : specs_) bytes += length == 0 ? 0 : rest_bytes(spec, length);
    return bytes;
}

void MlxTimelines::save(int slot, uint8_t* out) const {
    int length = at(slot).length;
    if (length == 0) return;
    for (size_t i = 0; i < specs_.size(); ++i) out = save_rest((*at(slot).layers)[i], specs_[i], length, out);
}

void MlxTimelines::load(int slot, int length, const uint8_t* data, uint64_t size) {
    uint64_t wanted = 0;
    for (const StateSpec& spec : specs_) wanted += length == 0 ? 0 : rest_bytes(spec, length);
    if (size != wanted) fail(FM_INVALID, "saved state has the wrong size");
    clear(slot);
    if (length == 0) return;
    Slot next{length, std::make_shared<Layers>(specs_.size())};
    for (size_t i = 0; i < specs_.size(); ++i) data = load_rest((*next.layers)[i], specs_[i], length, data);
    at(slot) = std::move(next);
}

uint64_t MlxTimelines::saved_rows_bytes(int slot, int first, int count) const {
    bool rest = first + count == at(slot).length;
    uint64_t bytes = 0;
    for (const StateSpec& spec : specs_) {
        if (in_rows(spec)) bytes += static_cast<uint64_t>(count) * token_bytes(spec);
        if (!in_rows(spec) && rest) bytes += rest_bytes(spec, first + count);
    }
    return bytes;
}

void MlxTimelines::save_rows(int slot, int first, int count, uint8_t* out) const {
    bool rest = first + count == at(slot).length;
    for (size_t i = 0; i < specs_.size(); ++i) {
        const Layer& layer = (*at(slot).layers)[i];
        if (in_rows(specs_[i])) out = save_range(layer, first, count, out);
        if (!in_rows(specs_[i]) && rest) out = save_rest(layer, specs_[i], first + count, out);
    }
}

void MlxTimelines::load_rows(int slot, int count, bool rest, const uint8_t* data, uint64_t size) {
    int length = at(slot).length + count;
    uint64_t wanted = 0;
    for (const StateSpec& spec : specs_) {
        if (in_rows(spec)) wanted += static_cast<uint64_t>(count) * token_bytes(spec);
        if (!in_rows(spec) && rest) wanted += rest_bytes(spec, length);
    }
    if (size != wanted) fail(FM_INVALID, "saved rows have the wrong size");
    for (size_t i = 0; i < specs_.size(); ++i) {
        const StateSpec& spec = specs_[i];
        int state = static_cast<int>(i);
        if (in_rows(spec)) {
            mx::array keys = get_rows(data, spec, count, first_width(spec));
            append(slot, state, keys, get_rows(data, spec, count, second_width(spec)));
        } else {
            Layer& layer = own(slot, state);
            layer = Layer{};
            if (rest) data = load_rest(layer, spec, length, data);
        }
    }
    advance(slot, count);
    std::vector<mx::array> arrays;
    collect(slot, arrays);
    mx::eval(std::move(arrays));
}

}  // namespace fastmlx
