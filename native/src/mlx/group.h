#pragma once
#include <mlx/mlx.h>

#include <string>

#include "weights/sharding.h"

namespace fastmlx {

// The processes that MLX's launcher started to compute one model together. MLX reads who they are from the launcher's
// environment (MLX_RANK, MLX_HOSTFILE, …) and connects them; there is one group in a process.
class Group {
  public:
    // Waits until all are connected. FM_INVALID where no launcher started this process.
    static const Group& join();
    // After this no model can be opened in the group: its members have ended, or will.
    static void spend(const std::string& why);

    int rank() const { return shard_.rank; }
    int size() const { return shard_.size; }
    const Shard& shard() const { return shard_; }
    // Adds up over all members, in the graph. Every member must ask for the same sums in the same order.
    mlx::core::array sum(const mlx::core::array& part) const;
    // Rank 0's values, likewise: ids that all must agree on, whatever their devices' last bits are.
    mlx::core::array of_first(const mlx::core::array& ids) const;
    // Rank 0's text, at most 2,000 bytes, computed at once.
    std::string announce(const std::string& text) const;

  private:
    explicit Group(mlx::core::distributed::Group group)
        : group_(std::move(group)), shard_{group_.rank(), group_.size()} {}
    mlx::core::distributed::Group group_;
    Shard shard_;
};

}  // namespace fastmlx
