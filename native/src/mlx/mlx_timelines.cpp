#include "mlx/mlx_timelines.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "engine/failure.h"

namespace fastmlx {
namespace {

constexpr int kGrow = 256;  // tokens

int whole_chunks(int tokens) { return (tokens + kGrow - 1) / kGrow * kGrow; }

// A window's rows move to the front of new arrays now and then: room for a chunk of single tokens.
int capacity_for(const StateSpec& spec, int tokens) { return whole_chunks(tokens) + (spec.window == 0 ? 0 : kGrow); }

mx::array regrown(const mx::array& old, int from, int to, const mx::array& next, int capacity) {
    mx::Shape pad = next.shape();
    pad[2] = capacity - (to - from) - next.shape(2);
    std::vector<mx::array> pieces;
    if (to > from) pieces.push_back(rows_of(old, from, to));
    pieces.push_back(next);
    if (pad[2] > 0) pieces.push_back(mx::zeros(pad, next.dtype()));
    return pieces.size() == 1 ? pieces[0] : mx::concatenate(std::move(pieces), 2);
}

mx::array written(const mx::array& old, const mx::array& next, int at) {
    mx::Shape start{0, 0, at, 0}, stop{1, old.shape(1), at + next.shape(2), old.shape(3)};
    return mx::slice_update(old, next, start, stop);
}

}  // namespace

bool MlxTimelines::cuttable() const {
    return std::all_of(specs_.begin(), specs_.end(), [](const StateSpec& spec) {
        return spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0;
    });
}

uint64_t MlxTimelines::bytes_per_token() const {
    uint64_t bytes = 0;
    for (const StateSpec& spec : specs_)
        if (spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0) bytes += token_bytes(spec);
    return bytes;
}

void MlxTimelines::check_cut(const Slot& slot, int length) const {
    if (length == slot.length || length == 0) return;
    for (size_t i = 0; i < specs_.size(); ++i) {
        if (specs_[i].kind == StateSpec::Kind::kRecurrent)
            fail(FM_UNSUPPORTED, "recurrent state cannot be cut from ", slot.length, " to ", length, " tokens");
        if (slot.layers != nullptr && (*slot.layers)[i].start > oldest(specs_[i], length))
            fail(FM_UNSUPPORTED, "a window has forgotten what ", length, " tokens would need");
    }
}

void MlxTimelines::fork(int from, int to, int length) {
    check_cut(at(from), length);
    clear(to);
    if (length > 0) at(to) = Slot{length, at(from).layers};
}

void MlxTimelines::trim(int slot, int length) {
    check_cut(at(slot), length);
    if (length == 0)
        clear(slot);
    else
        at(slot).length = length;
}

uint64_t MlxTimelines::Layer::bytes() const {
    uint64_t bytes = (keys ? keys->nbytes() : 0) + (values ? values->nbytes() : 0) + (packed ? packed->nbytes() : 0);
    for (const Part& part : parts) bytes += part.value.nbytes();
    return bytes;
}

uint64_t MlxTimelines::bytes(int slot) const {
    const std::shared_ptr<Layers>& layers = at(slot).layers;
    if (layers == nullptr) return 0;
    uint64_t bytes = 0;
    for (const Layer& layer : *layers) bytes += layer.bytes();
    return bytes / static_cast<uint64_t>(layers.use_count());
}

uint64_t MlxTimelines::total_bytes() const {
    std::set<const Layers*> seen;
    uint64_t bytes = 0;
    for (const Slot& slot : slots_)
        if (slot.layers != nullptr && seen.insert(slot.layers.get()).second)
            for (const Layer& layer : *slot.layers) bytes += layer.bytes();
    return bytes;
}

uint64_t MlxTimelines::growth(int slot, int first, int count) const {
    const Slot& entry = at(slot);
    bool mine = entry.layers == nullptr || entry.layers.use_count() == 1;
    uint64_t bytes = 0;
    for (size_t i = 0; i < specs_.size(); ++i) {
        const StateSpec& spec = specs_[i];
        const Layer* layer = entry.layers == nullptr ? nullptr : &(*entry.layers)[i];
        uint64_t now = layer != nullptr && mine ? layer->bytes() : 0, then = static_cast<uint64_t>(spec.floats) * 4;
        if (spec.kind == StateSpec::Kind::kKeyValue) {
            int start = layer == nullptr ? 0 : layer->start, room = 0;
            if (layer != nullptr && mine && layer->keys) room = layer->keys->shape(2);
            if (first + count - start <= room) continue;
            int kept = std::max(0, first - std::max(start, oldest(spec, first)));
            then = static_cast<uint64_t>(capacity_for(spec, kept + count)) * token_bytes(spec);
        }
        if (then > now) bytes += then - now;
    }
    return bytes;
}

MlxTimelines::Layer& MlxTimelines::own(int slot, int state) {
    std::shared_ptr<Layers>& layers = at(slot).layers;
    if (layers == nullptr) {
        layers = std::make_shared<Layers>(specs_.size());
    } else if (layers.use_count() > 1) {
        layers = std::make_shared<Layers>(*layers);
        for (Layer& layer : *layers) layer.shared = true;
    }
    return (*layers)[static_cast<size_t>(state)];
}

const MlxTimelines::Layer* MlxTimelines::find(int slot, int state) const {
    const std::shared_ptr<Layers>& layers = at(slot).layers;
    return layers == nullptr ? nullptr : &(*layers)[static_cast<size_t>(state)];
}

void MlxTimelines::append(int slot, int state, const mx::array& k, const mx::array& v) {
    const StateSpec& s = spec(state);
    Layer& layer = own(slot, state);
    int first = at(slot).length, count = k.shape(2);
    mx::array keys = mx::astype(k, to_mlx(s.dtype)), values = mx::astype(v, to_mlx(s.dtype));
    bool fits = layer.keys && !layer.shared && first + count - layer.start <= layer.keys->shape(2);
    if (fits) {
        layer.keys = written(*layer.keys, keys, first - layer.start);
        layer.values = written(*layer.values, values, first - layer.start);
    } else {
        int kept = layer.keys ? std::max(layer.start, oldest(s, first)) : first;
        int from = kept - layer.start, to = first - layer.start, capacity = capacity_for(s, first - kept + count);
        layer.keys = regrown(layer.keys ? *layer.keys : keys, from, to, keys, capacity);
        layer.values = regrown(layer.values ? *layer.values : values, from, to, values, capacity);
        layer.start = kept;
        layer.shared = false;
    }
}

MlxTimelines::View MlxTimelines::view(int slot, int state, int window, int first, int count) const {
    const Layer* layer = find(slot, state);
    if (layer == nullptr || !layer->keys) fail(FM_INTERNAL, "attention reads state ", state, " before it is written");
    int from = std::max(layer->start, oldest(window, first)) - layer->start, to = first + count - layer->start;
    return {rows_of(*layer->keys, from, to), rows_of(*layer->values, from, to)};
}

mx::array MlxTimelines::recurrent(int slot, int state, int64_t offset, const mx::Shape& shape, mx::Dtype type) const {
    if (const Layer* layer = find(slot, state)) {
        for (const Part& part : layer->parts)
            if (part.offset == offset) return mx::astype(part.value, type);
        if (layer->packed) {
            int64_t count = 1;
            for (int size : shape) count *= size;
            mx::array part = mx::slice(*layer->packed, {static_cast<int>(offset)}, {static_cast<int>(offset + count)});
            return mx::astype(mx::reshape(part, shape), type);
        }
    }
    return mx::zeros(shape, type);
}

void MlxTimelines::set_recurrent(int slot, int state, int64_t offset, mx::array value) {
    Layer& layer = own(slot, state);
    for (Part& part : layer.parts)
        if (part.offset == offset) {
            part.value = std::move(value);
            return;
        }
    layer.parts.push_back({offset, std::move(value)});
}

void MlxTimelines::collect(int slot, std::vector<mx::array>& out) const {
    if (at(slot).layers == nullptr) return;
    for (const Layer& layer : *at(slot).layers) {
        if (layer.keys) out.push_back(*layer.keys);
        if (layer.values) out.push_back(*layer.values);
        for (const Part& part : layer.parts) out.push_back(part.value);
    }
}

}  // namespace fastmlx
