#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fastmlx {

// Memory of one step: handed out by moving a mark, taken back all at once. Blocks are kept, so a warm step allocates
// nothing.
class Arena {
  public:
    float* floats(int64_t count) { return static_cast<float*>(bytes(static_cast<size_t>(count) * sizeof(float))); }

    void* bytes(size_t count) {
        count = (count + kAlign - 1) / kAlign * kAlign;
        while (block_ < blocks_.size() && used_ + count > blocks_[block_].size) {
            ++block_;
            used_ = 0;
        }
        if (block_ == blocks_.size()) {
            size_t size = count > kBlock ? count : kBlock;
            blocks_.push_back({std::unique_ptr<std::byte, Free>(
                                   static_cast<std::byte*>(::operator new (size, std::align_val_t{kAlign}))),
                               size});
            used_ = 0;
        }
        void* start = blocks_[block_].data.get() + used_;
        used_ += count;
        return start;
    }

    void reset() { block_ = used_ = 0; }

    uint64_t size() const {
        uint64_t total = 0;
        for (const Block& block : blocks_) total += block.size;
        return total;
    }

  private:
    static constexpr size_t kAlign = 64, kBlock = 4u << 20;
    struct Free {
        void operator()(std::byte* data) const { ::operator delete (data, std::align_val_t{kAlign}); }
    };
    struct Block {
        std::unique_ptr<std::byte, Free> data;
        size_t size;
    };
    std::vector<Block> blocks_;
    size_t block_ = 0, used_ = 0;
};

}  // namespace fastmlx
