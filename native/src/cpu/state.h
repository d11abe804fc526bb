#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/ops.h"

namespace fastmlx {

inline constexpr int kPageTokens = 64;

// A counted block of state. Several timelines may share it; who writes copies it first.
struct Page {
    int refs = 1;
    int64_t bytes = 0;
    uint8_t* data() { return reinterpret_cast<uint8_t*>(this) + 64; }
    const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this) + 64; }
};

// The timelines of all slots. Keys and values lie in pages of kPageTokens tokens: first (heads, k_dim, tokens) keys,
// then (heads, tokens, v_dim) values in the state's format; where values are in keys, (heads, tokens, k_dim) keys only.
// A recurrent state is one page of float32.
class Timelines {
  public:
    Timelines(std::vector<StateSpec> specs, size_t slots);
    ~Timelines();
    Timelines(const Timelines&) = delete;
    Timelines& operator=(const Timelines&) = delete;

    const StateSpec& spec(int state) const { return specs_[static_cast<size_t>(state)]; }
    size_t states() const { return specs_.size(); }
    bool cuttable() const;
    int length(int slot) const { return slots_[static_cast<size_t>(slot)].length; }

    void clear(int slot);
    void fork(int from, int to, int length);
    void trim(int slot, int length);
    uint64_t bytes(int slot) const;  // a shared page counts by its share
    uint64_t total_bytes() const { return total_bytes_; }
    uint64_t growth(int first, int count) const;
    uint64_t bytes_per_token() const;

    // Makes pages for tokens [first, first + count) that this slot may write.
    void prepare(int slot, int state, int first, int count);
    Page* page(int slot, int state, int index);  // page `index` holds tokens from index · kPageTokens
    float* recurrent(int slot, int state);       // ours to write; zero at a timeline's start
    void advance(int slot, int count);           // at the end of a step: forgets what no window needs

    uint64_t saved_bytes(int slot) const;
    void save(int slot, uint8_t* out) const;
    void load(int slot, int length, const uint8_t* data, uint64_t size);

    // Tokens [first, first + count) of the layers that keep a row for each; what ends at the slot's length also has the
    // rest: windows and recurrent states. Loading appends, and checks everything before it touches the slot.
    bool has_rest() const { return !cuttable(); }
    uint64_t saved_rows_bytes(int slot, int first, int count) const;
    void save_rows(int slot, int first, int count, uint8_t* out) const;
    void load_rows(int slot, int count, bool rest, const uint8_t* data, uint64_t size);

    int64_t key_bytes(int state) const;  // of the keys of one head in one page
    int64_t value_bytes(int state) const;

  private:
    struct Layer {
        int first = 0;  // index of pages[0]
        std::vector<Page*> pages;
    };
    struct Slot {
        int length = 0;
        std::vector<Layer> layers;
    };

    static int pages_for(int tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }
    static uint64_t pages_bytes(const Layer& layer);
    static uint8_t* save_pages(const Layer& layer, uint8_t* out);
    const uint8_t* load_pages(Layer& layer, const StateSpec& spec, int length, const uint8_t* data, const uint8_t* end);
    int check_pages(const StateSpec& spec, int length, const uint8_t* data, const uint8_t* end) const;
    void check_rows(int length, int count, bool rest, const uint8_t* data, uint64_t size) const;
    uint64_t rows_bytes(int count) const;
    int64_t page_bytes(const StateSpec& spec) const;
    int first_needed(const StateSpec& spec, int length) const;  // oldest token the next query may see
    void check_cut(const Slot& slot, int length) const;
    Page* allocate(int64_t bytes);
    void release(Page* page);
    void make_own(Page*& page);
    Slot& at(int slot) { return slots_[static_cast<size_t>(slot)]; }
    Layer& layer(int slot, int state) { return at(slot).layers[static_cast<size_t>(state)]; }

    std::vector<StateSpec> specs_;
    std::vector<Slot> slots_;
    std::map<int64_t, std::vector<Page*>> spare_;  // by size
    uint64_t total_bytes_ = 0;
};

}  // namespace fastmlx
