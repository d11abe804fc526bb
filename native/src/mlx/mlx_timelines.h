#pragma once
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "mlx/mlx_arrays.h"

namespace fastmlx {

// The features of the two arrays of a state. Where values lie in keys (latent attention) the second holds the rest of
// the key.
inline int first_width(const StateSpec& spec) { return spec.values_in_keys ? spec.v_dim : spec.k_dim; }
inline int second_width(const StateSpec& spec) { return spec.values_in_keys ? spec.k_dim - spec.v_dim : spec.v_dim; }

inline uint64_t token_bytes(const StateSpec& spec) {
    return static_cast<uint64_t>(spec.heads) * static_cast<uint64_t>(first_width(spec) + second_width(spec)) *
           static_cast<uint64_t>(dtype_bytes(spec.dtype));
}

// The oldest position that a query at `position` may see.
inline int oldest(int window, int position) { return window == 0 ? 0 : std::max(0, position - window + 1); }
inline int oldest(const StateSpec& spec, int position) { return oldest(spec.window, position); }

inline mx::array rows_of(const mx::array& a, int from, int to) {
    return mx::slice(a, {0, 0, from, 0}, {1, a.shape(1), to, a.shape(3)});
}

// The timelines of all slots as arrays. Keys and values lie one token after the other in arrays (1, heads, capacity,
// features) that grow by chunks; a windowed state drops from the front what no query can see when it grows. Arrays are
// values: a fork shares them until one of the two is written, and what is in flight keeps what it reads.
class MlxTimelines {
  public:
    MlxTimelines(std::vector<StateSpec> specs, size_t slots) : specs_(std::move(specs)), slots_(slots) {}

    const StateSpec& spec(int state) const { return specs_[static_cast<size_t>(state)]; }
    bool cuttable() const;
    int length(int slot) const { return at(slot).length; }

    void clear(int slot) { at(slot) = Slot{}; }
    void fork(int from, int to, int length);
    void trim(int slot, int length);
    uint64_t bytes(int slot) const;  // what is shared counts by its share
    uint64_t total_bytes() const;
    uint64_t growth(int slot, int first, int count) const;
    uint64_t bytes_per_token() const;

    // Keys and values that `count` queries from position `first` on may see, the oldest first.
    struct View {
        mx::array keys, values;
    };
    // k: (1, heads, count, features), of positions from the slot's length on.
    void append(int slot, int state, const mx::array& k, const mx::array& v);
    View view(int slot, int state, int window, int first, int count) const;

    // Parts of a recurrent state: the floats from `offset` on as `shape`, zero at a timeline's start.
    mx::array recurrent(int slot, int state, int64_t offset, const mx::Shape& shape, mx::Dtype type) const;
    void set_recurrent(int slot, int state, int64_t offset, mx::array value);

    void advance(int slot, int count) { at(slot).length += count; }
    void collect(int slot, std::vector<mx::array>& out) const;  // every array, to be evaluated with the step

    // Saved: of every state the rows that the next query may see, keys then values (heads, rows, features); a recurrent
    // state as its floats.
    uint64_t saved_bytes(int slot) const;
    void save(int slot, uint8_t* out) const;
    void load(int slot, int length, const uint8_t* data, uint64_t size);
    // Tokens [first, first + count) of the states that keep a row for each; what ends at the slot's length also has the
    // rest, windows and recurrent states. Loading appends, and checks everything before it touches the slot.
    bool has_rest() const { return !cuttable(); }
    uint64_t saved_rows_bytes(int slot, int first, int count) const;
    void save_rows(int slot, int first, int count, uint8_t* out) const;
    void load_rows(int slot, int count, bool rest, const uint8_t* data, uint64_t size);

  private:
    struct Part {
        int64_t offset;
        mx::array value;
    };
    struct Layer {
        std::optional<mx::array> keys, values;
        int start = 0;        // position of row 0
        bool shared = false;  // another timeline has the same arrays: the next append makes its own
        std::vector<Part> parts;
        std::optional<mx::array> packed;  // a loaded recurrent state, (floats): parts are cut from it
        uint64_t bytes() const;
    };
    using Layers = std::vector<Layer>;
    struct Slot {
        int length = 0;
        std::shared_ptr<Layers> layers;  // shared by forks; who writes copies the list first
    };

    Slot& at(int slot) { return slots_[static_cast<size_t>(slot)]; }
    const Slot& at(int slot) const { return slots_[static_cast<size_t>(slot)]; }
    Layer& own(int slot, int state);
    const Layer* find(int slot, int state) const;
    void check_cut(const Slot& slot, int length) const;
    static uint64_t rest_bytes(const StateSpec& spec, int length);
    static uint8_t* save_range(const Layer& layer, int first, int count, uint8_t* out);
    static uint8_t* save_rest(const Layer& layer, const StateSpec& spec, int length, uint8_t* out);
    static const uint8_t* load_rest(Layer& layer, const StateSpec& spec, int length, const uint8_t* data);
    std::vector<StateSpec> specs_;
    std::vector<Slot> slots_;
};

}  // namespace fastmlx
