#include <algorithm>
#include <cstring>

#include "cpu/state.h"
#include "engine/failure.h"

namespace fastmlx {
namespace {

bool in_rows(const StateSpec& spec) { return spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0; }

// Calls run(offset, bytes) for each contiguous piece of tokens [from, to) in a page, in the page's order.
template <class Run>
void each_run(const StateSpec& spec, int from, int to, const Run& run) {
    int64_t element = dtype_bytes(spec.dtype), tokens = to - from;
    int64_t at = 0;
    auto lines = [&](int64_t count, int64_t width) {  // count blocks of kPageTokens entries, `width` elements each
        for (int64_t i = 0; i < count; ++i, at += kPageTokens * width * element)
            run(at + from * width * element, tokens * width * element);
    };
    int64_t k_dim = spec.k_dim, heads = spec.heads;
    if (spec.values_in_keys) return lines(heads, k_dim);
    lines(heads * k_dim, 1);
    lines(heads, spec.v_dim);
}

// The same for tokens [first, first + count) of a timeline: piece(page, offset, bytes).
template <class Piece>
void each_piece(const StateSpec& spec, int64_t page_bytes, int first, int count, const Piece& piece) {
    int end = first + count;
    for (int page = first / kPageTokens; page * kPageTokens < end; ++page) {
        int from = std::max(0, first - page * kPageTokens), to = std::min(kPageTokens, end - page * kPageTokens);
        if (from == 0 && to == kPageTokens)
            piece(page, int64_t{0}, page_bytes);
        else
            each_run(spec, from, to, [&](int64_t offset, int64_t bytes) { piece(page, offset, bytes); });
    }
}

}  // namespace

uint64_t Timelines::pages_bytes(const Layer& layer) {
    uint64_t bytes = 8;
    for (const Page* page : layer.pages) bytes += static_cast<uint64_t>(page->bytes);
    return bytes;
}

uint8_t* Timelines::save_pages(const Layer& layer, uint8_t* out) {
    int32_t head[2] = {layer.first, static_cast<int32_t>(layer.pages.size())};
    std::memcpy(out, head, 8);
    out += 8;
    for (const Page* page : layer.pages) {
        std::memcpy(out, page->data(), static_cast<size_t>(page->bytes));
        out += page->bytes;
    }
    return out;
}

// The number of pages that a timeline of `length` tokens has after `head`; fails where the head cannot be true.
int Timelines::check_pages(const StateSpec& spec, int length, const uint8_t* data, const uint8_t* end) const {
    int32_t head[2];
    if (end - data < 8) fail(FM_INVALID, "saved state is cut");
    std::memcpy(head, data, 8);
    bool recurrent = spec.kind == StateSpec::Kind::kRecurrent;
    int last = recurrent ? (length > 0 ? 1 : 0) : pages_for(length);
    bool fits = head[0] >= 0 && head[1] >= 0 && head[0] <= last && head[1] == last - head[0] &&
                (recurrent ? head[0] == 0 : head[0] * kPageTokens <= first_needed(spec, length)) &&
                head[1] <= (end - data - 8) / std::max<int64_t>(page_bytes(spec), 1);
    if (!fits) fail(FM_INVALID, "saved state does not have this model's shape");
    return head[1];
}

const uint8_t* Timelines::load_pages(Layer& layer, const StateSpec& spec, int length, const uint8_t* data,
                                     const uint8_t* end) {
    int count = check_pages(spec, length, data, end);
    int32_t first;
    std::memcpy(&first, data, 4);
    data += 8;
    for (Page* page : layer.pages) release(page);
    layer.pages.clear();
    layer.first = first;
    int64_t bytes = page_bytes(spec);
    for (int i = 0; i < count; ++i, data += bytes) {
        layer.pages.push_back(allocate(bytes));
        std::memcpy(layer.pages.back()->data(), data, static_cast<size_t>(bytes));
    }
    return data;
}

uint64_t Timelines::saved_bytes(int slot) const {
    uint64_t bytes = 0;
    for (const Layer& layer : slots_[static_cast<size_t>(slot)].layers) bytes += pages_bytes(layer);
    return bytes;
}

void Timelines::save(int slot, uint8_t* out) const {
    for (const Layer& layer : slots_[static_cast<size_t>(slot)].layers) out = save_pages(layer, out);
}

void Timelines::load(int slot, int length, const uint8_t* data, uint64_t size) {
    clear(slot);
    const uint8_t* end = data + size;
    for (size_t i = 0; i < specs_.size(); ++i) data = load_pages(at(slot).layers[i], specs_[i], length, data, end);
    if (data != end) fail(FM_INVALID, "saved state has bytes too many");
    at(slot).length = length;
}

uint64_t Timelines::rows_bytes(int count) const { return bytes_per_token() * static_cast<uint64_t>(count); }

uint64_t Timelines::saved_rows_bytes(int slot, int first, int count) const {
    uint64_t bytes = rows_bytes(count);
    if (first + count == length(slot))
        for (size_t i = 0; i < specs_.size(); ++i)
            if (!in_rows(specs_[i])) bytes += pages_bytes(slots_[static_cast<size_t>(slot)].layers[i]);
    return bytes;
}

void Timelines::save_rows(int slot, int first, int count, uint8_t* out) const {
    const Slot& source = slots_[static_cast<size_t>(slot)];
    for (size_t i = 0; i < specs_.size(); ++i) {
        const Layer& layer = source.layers[i];
        if (!in_rows(specs_[i])) {
            if (first + count == source.length) out = save_pages(layer, out);
            continue;
        }
        each_piece(specs_[i], page_bytes(specs_[i]), first, count, [&](int page, int64_t offset, int64_t bytes) {
            std::memcpy(out, layer.pages[static_cast<size_t>(page)]->data() + offset, static_cast<size_t>(bytes));
            out += bytes;
        });
    }
}

void Timelines::check_rows(int length, int count, bool rest, const uint8_t* data, uint64_t size) const {
    const uint8_t* end = data + size;
    for (const StateSpec& spec : specs_) {
        int64_t bytes = 0;
        if (in_rows(spec))
            bytes = page_bytes(spec) / kPageTokens * count;
        else if (rest)
            bytes = 8 + page_bytes(spec) * check_pages(spec, length, data, end);
        if (bytes > end - data) fail(FM_INVALID, "saved rows are cut");
        data += bytes;
    }
    if (data != end) fail(FM_INVALID, "saved rows have bytes too many");
}

void Timelines::load_rows(int slot, int count, bool rest, const uint8_t* data, uint64_t size) {
    int first = length(slot);
    check_rows(first + count, count, rest, data, size);
    const uint8_t* end = data + size;
    for (size_t i = 0; i < specs_.size(); ++i) {
        int state = static_cast<int>(i);
        if (!in_rows(specs_[i])) {
            if (rest) data = load_pages(at(slot).layers[i], specs_[i], first + count, data, end);
            continue;
        }
        prepare(slot, state, first, count);
        each_piece(specs_[i], page_bytes(specs_[i]), first, count, [&](int page, int64_t offset, int64_t bytes) {
            std::memcpy(this->page(slot, state, page)->data() + offset, data, static_cast<size_t>(bytes));
            data += bytes;
        });
    }
    at(slot).length = first + count;
}

}  // namespace fastmlx
