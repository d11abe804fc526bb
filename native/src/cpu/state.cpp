#include "cpu/state.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/failure.h"

namespace fastmlx {
namespace {

constexpr std::align_val_t kAlign{64};
static_assert(sizeof(Page) <= 64);
constexpr size_t kSpareMax = 64;  // pages of one size kept for the next timeline

}  // namespace

Timelines::Timelines(std::vector<StateSpec> specs, size_t slots) : specs_(std::move(specs)), slots_(slots) {
    for (Slot& slot : slots_) slot.layers.resize(specs_.size());
}

Timelines::~Timelines() {
    for (size_t i = 0; i < slots_.size(); ++i) clear(static_cast<int>(i));
    for (auto& [size, pages] : spare_)
        for (Page* page : pages) ::operator delete(page, kAlign);
}

bool Timelines::cuttable() const {
    return std::all_of(specs_.begin(), specs_.end(), [](const StateSpec& spec) {
        return spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0;
    });
}

int64_t Timelines::key_bytes(int state) const {
    const StateSpec& s = spec(state);
    return static_cast<int64_t>(kPageTokens) * s.k_dim * dtype_bytes(s.dtype);
}

int64_t Timelines::value_bytes(int state) const {
    const StateSpec& s = spec(state);
    return s.values_in_keys ? 0 : static_cast<int64_t>(kPageTokens) * s.v_dim * dtype_bytes(s.dtype);
}

int64_t Timelines::page_bytes(const StateSpec& spec) const {
    if (spec.kind == StateSpec::Kind::kRecurrent) return spec.floats * 4;
    int64_t features = spec.k_dim + (spec.values_in_keys ? 0 : spec.v_dim);
    return spec.heads * kPageTokens * features * dtype_bytes(spec.dtype);
}

uint64_t Timelines::bytes_per_token() const {
    int64_t bytes = 0;
    for (const StateSpec& spec : specs_)
        if (spec.kind == StateSpec::Kind::kKeyValue && spec.window == 0) bytes += page_bytes(spec) / kPageTokens;
    return static_cast<uint64_t>(bytes);
}

Page* Timelines::allocate(int64_t bytes) {
    std::vector<Page*>& spare = spare_[bytes];
    Page* page;
    if (spare.empty()) {
        page = new (::operator new(static_cast<size_t>(bytes) + 64, kAlign)) Page;
    } else {
        page = spare.back();
        spare.pop_back();
        page->refs = 1;
    }
    page->bytes = bytes;
    std::memset(page->data(), 0, static_cast<size_t>(bytes));
    total_bytes_ += static_cast<uint64_t>(bytes);
    return page;
}

void Timelines::release(Page* page) {
    if (--page->refs > 0) return;
    total_bytes_ -= static_cast<uint64_t>(page->bytes);
    std::vector<Page*>& spare = spare_[page->bytes];
    if (spare.size() < kSpareMax)
        spare.push_back(page);
    else
        ::operator delete(page, kAlign);
}

void Timelines::make_own(Page*& page) {
    if (page->refs == 1) return;
    Page* copy = allocate(page->bytes);
    std::memcpy(copy->data(), page->data(), static_cast<size_t>(page->bytes));
    --page->refs;
    page = copy;
}

void Timelines::clear(int slot) {
    for (Layer& layer : at(slot).layers) {
        for (Page* page : layer.pages) release(page);
        layer.pages.clear();
        layer.first = 0;
    }
    at(slot).length = 0;
}

int Timelines::first_needed(const StateSpec& spec, int length) const {
    return spec.window == 0 ? 0 : std::max(0, length - spec.window + 1);
}

void Timelines::check_cut(const Slot& slot, int length) const {
    if (length == slot.length || length == 0) return;
    for (size_t i = 0; i < specs_.size(); ++i) {
        if (specs_[i].kind == StateSpec::Kind::kRecurrent)
            fail(FM_UNSUPPORTED, "recurrent state cannot be cut from ", slot.length, " to ", length, " tokens");
        if (slot.layers[i].first * kPageTokens > first_needed(specs_[i], length))
            fail(FM_UNSUPPORTED, "a window has forgotten what ", length, " tokens would need");
    }
}

void Timelines::fork(int from, int to, int length) {
    const Slot& source = at(from);
    check_cut(source, length);
    clear(to);
    Slot& target = at(to);
    target.length = length;
    if (length == 0) return;
    for (size_t i = 0; i < specs_.size(); ++i) {
        const Layer& shared = source.layers[i];
        bool all = specs_[i].kind == StateSpec::Kind::kRecurrent;
        size_t count = all ? shared.pages.size() : static_cast<size_t>(std::max(0, pages_for(length) - shared.first));
        count = std::min(count, shared.pages.size());
        target.layers[i].first = shared.first;
        target.layers[i].pages.assign(shared.pages.begin(), shared.pages.begin() + static_cast<std::ptrdiff_t>(count));
        for (Page* page : target.layers[i].pages) ++page->refs;
    }
}

void Timelines::trim(int slot, int length) {
    check_cut(at(slot), length);
    if (length == 0) return clear(slot);
    for (size_t i = 0; i < specs_.size(); ++i) {
        if (specs_[i].kind == StateSpec::Kind::kRecurrent) continue;
        Layer& layer = at(slot).layers[i];
        auto keep = static_cast<size_t>(std::max(0, pages_for(length) - layer.first));
        while (layer.pages.size() > keep) {
            release(layer.pages.back());
            layer.pages.pop_back();
        }
    }
    at(slot).length = length;
}

uint64_t Timelines::bytes(int slot) const {
    uint64_t bytes = 0;
    for (const Layer& layer : slots_[static_cast<size_t>(slot)].layers)
        for (const Page* page : layer.pages) bytes += static_cast<uint64_t>(page->bytes / page->refs);
    return bytes;
}

uint64_t Timelines::growth(int first, int count) const {
    int64_t bytes = 0;
    for (const StateSpec& spec : specs_) {
        bool recurrent = spec.kind == StateSpec::Kind::kRecurrent;
        int pages = recurrent ? 1 : pages_for(first + count) - first / kPageTokens;  // the first may have to be copied
        bytes += page_bytes(spec) * pages;
    }
    return static_cast<uint64_t>(bytes);
}

void Timelines::prepare(int slot, int state, int first, int count) {
    Layer& layer = this->layer(slot, state);
    if (layer.pages.empty()) layer.first = first / kPageTokens;
    int end = pages_for(first + count) - layer.first;
    int start = first / kPageTokens - layer.first;
    for (int i = start; i < end; ++i) {
        if (static_cast<size_t>(i) < layer.pages.size())
            make_own(layer.pages[static_cast<size_t>(i)]);
        else
            layer.pages.push_back(allocate(page_bytes(spec(state))));
    }
}

Page* Timelines::page(int slot, int state, int index) {
    Layer& layer = this->layer(slot, state);
    return layer.pages[static_cast<size_t>(index - layer.first)];
}

float* Timelines::recurrent(int slot, int state) {
    Layer& layer = this->layer(slot, state);
    if (layer.pages.empty())
        layer.pages.push_back(allocate(page_bytes(spec(state))));
    else
        make_own(layer.pages[0]);
    return reinterpret_cast<float*>(layer.pages[0]->data());
}

void Timelines::advance(int slot, int count) {
    Slot& entry = at(slot);
    entry.length += count;
    for (size_t i = 0; i < specs_.size(); ++i) {
        if (specs_[i].kind == StateSpec::Kind::kRecurrent || specs_[i].window == 0) continue;
        // One page more than needed stays, so that taking back a few tokens works.
        int keep = std::max(0, first_needed(specs_[i], entry.length) - kPageTokens) / kPageTokens;
        Layer& layer = entry.layers[i];
        int drop = std::min(keep - layer.first, static_cast<int>(layer.pages.size()));
        if (drop <= 0) continue;
        for (int j = 0; j < drop; ++j) release(layer.pages[static_cast<size_t>(j)]);
        layer.pages.erase(layer.pages.begin(), layer.pages.begin() + drop);
        layer.first += drop;
    }
}

}  // namespace fastmlx
