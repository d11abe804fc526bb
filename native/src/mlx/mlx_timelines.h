#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "mlx/mlx_arrays.h"

namespace fastmlx {

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

    // Keys and values that `queries` queries from position `first` may see, the oldest first.
    struct View {
        mx::array keys, values;
    };
    // k: (1, heads, count, features), of positions from the slot's length on.
    View append(int slot, int state, int window, const mx::array& k, const mx::array& v);
    View view(int slot, int state, int window, int count) const;  // after an append of this step

    // Parts of a recurrent state: the floats from `offset` on as `shape`, zero at a timeline's start.
    mx::array recurrent(int slot, int state, int64_t offset, const mx::Shape& shape, mx::Dtype type) const;
    void set_recurrent(int slot, int state, int64_t offset, mx::array value);

    void advance(int slot, int count) { at(slot).length += count; }
    void collect(int slot, std::vector<mx::array>& out) const;  // every array, to be evaluated with the step

    uint64_t saved_bytes(int slot) const;
    void save(int slot, uint8_t* out) const;
    void load(int slot, int length, const uint8_t* data, uint64_t size);

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
    static View cut(const Layer& layer, int window, int first, int count);

    std::vector<StateSpec> specs_;
    std::vector<Slot> slots_;
};

}  // namespace fastmlx
